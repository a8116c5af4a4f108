"""The headers in which proxies say who the user is, or which certificate the client showed.

None of them proves anything by itself: anyone who can reach the server can send one. A header that
carries a signature (X-Goog-IAP-JWT-Assertion, Cf-Access-Jwt-Assertion,
X-Amzn-Oidc-Data, X-Pomerium-Jwt-Assertion, Authorization) is not here: the application verifies it.
"""

from __future__ import annotations

from typing import NamedTuple


class Sender(NamedTuple):
    """Who writes some headers, and where that is documented."""

    name: str
    source: str
    headers: tuple[str, ...]


SENDERS = (
    Sender(
        "oauth2-proxy",
        "github.com/oauth2-proxy/oauth2-proxy pkg/apis/options/legacy_options.go",
        (
            "X-Forwarded-User",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-Forwarded-Preferred-Username",
            "X-Forwarded-Access-Token",
            "X-Auth-Request-User",
            "X-Auth-Request-Email",
            "X-Auth-Request-Groups",
            "X-Auth-Request-Preferred-Username",
            "X-Auth-Request-Access-Token",
        ),
    ),
    Sender(
        "Authelia",
        "authelia.com/integration/trusted-header-sso/introduction",
        ("Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"),
    ),
    Sender(
        "authentik",
        "docs.goauthentik.io/add-secure-apps/providers/proxy",
        (
            "X-authentik-username",
            "X-authentik-groups",
            "X-authentik-entitlements",
            "X-authentik-email",
            "X-authentik-name",
            "X-authentik-uid",
        ),
    ),
    Sender(
        "Kubernetes' front proxy",
        "kube-apiserver --requestheader-username-headers, --requestheader-group-headers",
        ("X-Remote-User", "X-Remote-Group"),
    ),
    Sender(
        "Tailscale's proxy-to-grafana",
        "pkg.go.dev/tailscale.com/cmd/proxy-to-grafana, grafana.com/docs auth-proxy",
        ("X-WEBAUTH-USER", "X-WEBAUTH-NAME", "X-WEBAUTH-EMAIL", "X-WEBAUTH-ROLE"),
    ),
    Sender(
        "Tailscale Serve",
        "github.com/tailscale/tailscale ipn/ipnlocal/serve.go",
        (
            "Tailscale-User-Login",
            "Tailscale-User-Name",
            "Tailscale-User-Profile-Pic",
            "Tailscale-App-Capabilities",
        ),
    ),
    Sender(
        "Kong",
        "github.com/Kong/kong kong/constants.lua",
        (
            "X-Consumer-ID",
            "X-Consumer-Custom-ID",
            "X-Consumer-Username",
            "X-Consumer-Groups",
            "X-Credential-Identifier",
            "X-Credential-Username",
            "X-Authenticated-Groups",
        ),
    ),
    Sender(
        "Kong's oauth2 plugin",
        "getkong.org/plugins/oauth2-authentication#upstream-headers",
        ("X-Authenticated-Userid", "X-Authenticated-Scope"),
    ),
    Sender(
        "Google Cloud IAP",
        "docs.cloud.google.com/iap/docs/identity-howto",
        ("X-Goog-Authenticated-User-Email", "X-Goog-Authenticated-User-ID"),
    ),
    Sender(
        "Azure App Service authentication",
        "learn.microsoft.com/azure/app-service/configure-authentication-user-identities",
        (
            "X-MS-Client-Principal",
            "X-MS-Client-Principal-ID",
            "X-MS-Client-Principal-Name",
            "X-MS-Client-Principal-IDP",
        ),
    ),
    Sender(
        "Azure App Service with client certificates",
        "learn.microsoft.com/aspnet/core/security/authentication/certauth",
        ("X-ARR-ClientCert",),
    ),
    Sender(
        "Cloudflare Access",
        "applications behind it; Cloudflare's own pages name the signed assertion alone",
        ("Cf-Access-Authenticated-User-Email",),
    ),
    Sender(
        "AWS Application Load Balancer, logins",
        "docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users",
        ("X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Accesstoken"),
    ),
    Sender(
        "AWS Application Load Balancer, client certificates",
        "exampleloadbalancer.com/mtls_demo.html, its listener attributes",
        (
            "X-Amzn-Mtls-Clientcert",
            "X-Amzn-Mtls-Clientcert-Leaf",
            "X-Amzn-Mtls-Clientcert-Subject",
            "X-Amzn-Mtls-Clientcert-Issuer",
            "X-Amzn-Mtls-Clientcert-Serial-Number",
            "X-Amzn-Mtls-Clientcert-Validity",
        ),
    ),
    Sender("TLS terminators", "RFC 9440", ("Client-Cert", "Client-Cert-Chain")),
    Sender(
        "Envoy",
        "envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers",
        ("X-Forwarded-Client-Cert",),
    ),
    Sender(
        "Traefik",
        "doc.traefik.io/traefik/middlewares/http/passtlsclientcert",
        ("X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info"),
    ),
    Sender(
        "ingress-nginx",
        "kubernetes.github.io/ingress-nginx/examples/auth/client-certs",
        (
            "SSL-Client-Cert",
            "SSL-Client-Verify",
            "SSL-Client-Subject-DN",
            "SSL-Client-Issuer-DN",
            "SSL-Client-DN",
        ),
    ),
    Sender(
        "HAProxy and its ingress controller",
        "docs.haproxy.org, http-request set-header; haproxy-ingress auth-tls-cert-header",
        (
            "X-SSL-Client-Verify",
            "X-SSL-Client-DN",
            "X-SSL-Client-CN",
            "X-SSL-Client-SHA1",
            "X-SSL-Client-Cert",
        ),
    ),
    Sender(
        "nginx, by the names of its variables",
        "nginx.org/en/docs/http/ngx_http_ssl_module.html#variables",
        (
            "X-SSL-Client-S-DN",
            "X-SSL-Client-I-DN",
            "X-SSL-Client-Serial",
            "X-SSL-Client-Fingerprint",
        ),
    ),
)
IDENTITY_HEADERS = tuple(header for sender in SENDERS for header in sender.headers)
