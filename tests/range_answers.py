"""What vendors answer, in the form that each documents, with few of the networks."""

import json


def amazon(service, *prefixes):
    """Return rows of ip-ranges.json."""
    return [
        {
            "ipv6_prefix" if ":" in prefix else "ip_prefix": prefix,
            "region": "GLOBAL",
            "service": service,
            "network_border_group": "GLOBAL",
        }
        for prefix in prefixes
    ]


def service_tag(name, *prefixes):
    """Return a value of ServiceTags_Public_….json."""
    return {
        "name": name,
        "id": name,
        "properties": {
            "changeNumber": 27,
            "region": "",
            "regionId": 0,
            "platform": "Azure",
            "systemService": name.partition(".")[0],
            "addressPrefixes": list(prefixes),
            "networkFeatures": ["API", "NSG", "UDR", "FW"],
        },
    }


CLOUDFLARE = {
    "result": {
        "ipv4_cidrs": ["173.245.48.0/20", "103.21.244.0/22"],
        "ipv6_cidrs": ["2400:cb00::/32"],
        "etag": "38f79d050aa027e3be3865e495dcc9bc",
    },
    "success": True,
    "errors": [],
    "messages": [],
}
CLOUDFRONT = {
    "syncToken": "1763971391",
    "createDate": "2025-11-24-08-03-11",
    "prefixes": [
        *amazon("AMAZON", "3.80.0.0/12", "64.252.64.0/18"),
        *amazon("CLOUDFRONT", "13.32.0.0/15", "64.252.64.0/18"),
        *amazon("CLOUDFRONT_ORIGIN_FACING", "64.252.64.0/18", "13.124.199.0/24"),
        *amazon("EC2", "3.80.0.0/12"),
    ],
    "ipv6_prefixes": [
        *amazon("CLOUDFRONT", "2600:9000::/28"),
        *amazon("CLOUDFRONT_ORIGIN_FACING", "2600:9000:3000::/36"),
    ],
}
FASTLY = {
    "addresses": ["151.101.0.0/16", "23.235.32.0/20"],
    "ipv6_addresses": ["2a04:4e40::/32"],
}
BUNNY = ["89.187.188.227", "38.142.94.218"]
BUNNY_IPV6 = ["2400:52e0:1500::714:1"]
GCORE = {
    "addresses": ["92.223.84.84/32", "5.188.120.0/26"],
    "addresses_v6": ["2a03:90c0:45::/64"],
}
IMPERVA = {
    "ipRanges": ["199.83.128.0/21", "45.64.64.0/22"],
    "ipv6Ranges": ["2a02:e980::/29"],
    "res": 0,
    "res_message": "OK",
    "debug_info": {"id-info": "13007"},
}
KEYCDN = {"prefixes": ["185.172.148.0/24", "45.32.123.201/32"]}
AZURE = {
    "changeNumber": 312,
    "cloud": "Public",
    "values": [
        service_tag("AzureCloud", "13.64.0.0/16"),
        service_tag("AzureFrontDoor.Backend", "4.150.240.0/29", "2603:1030:9::/57"),
        service_tag("AzureFrontDoor.Frontend", "4.150.160.0/29"),
    ],
}
# Each source: the documents that it answers with, and the networks in the file.
ANSWERS = {
    "cloudflare": ([CLOUDFLARE], ["103.21.244.0/22", "173.245.48.0/20", "2400:cb00::/32"]),
    "cloudfront": ([CLOUDFRONT], ["13.124.199.0/24", "64.252.64.0/18", "2600:9000:3000::/36"]),
    "fastly": ([FASTLY], ["23.235.32.0/20", "151.101.0.0/16", "2a04:4e40::/32"]),
    "bunny": ([BUNNY, BUNNY_IPV6], ["38.142.94.218", "89.187.188.227", "2400:52e0:1500::714:1"]),
    "gcore": ([GCORE], ["5.188.120.0/26", "92.223.84.84", "2a03:90c0:45::/64"]),
    "imperva": ([IMPERVA], ["45.64.64.0/22", "199.83.128.0/21", "2a02:e980::/29"]),
    "keycdn": ([KEYCDN], ["45.32.123.201", "185.172.148.0/24"]),
    "azure-front-door": ([AZURE], ["4.150.240.0/29", "2603:1030:9::/57"]),
}
# What vendors have answered with status 200.
PAGE = "<!DOCTYPE html>\n<html><head><title>IP Ranges</title></head><body>103.21.244.0/22</body></html>"
CHALLENGE = (
    "<html><head><title>Just a moment...</title></head><body>Enable JavaScript</body></html>"
)


def text(documents):
    """Return documents as an answer on standard input."""
    return "\n".join(map(json.dumps, documents))


def cloudflare(ipv4, ipv6=("2400:cb00::/32",)):
    """Return Cloudflare's answer with other networks."""
    return {**CLOUDFLARE, "result": {"ipv4_cidrs": list(ipv4), "ipv6_cidrs": list(ipv6)}}
