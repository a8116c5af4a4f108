"""PostHog: what the events of its middleware say of the client. It is no app."""

from tests.neighbours import NOBODY, THE_HEADER, Package


def ask(request):
    from posthog.integrations.django import PosthogContextMiddleware

    properties = PosthogContextMiddleware(lambda _: None).extract_properties(request)
    return properties.get("$ip", NOBODY)


PACKAGE = Package(
    modules=("posthog",),
    middleware=("posthog.integrations.django.PosthogContextMiddleware",),
    ask=ask,
    wrong={"W034": [{}]},
    right={
        "W034": [{"POSTHOG_MW_EXTRA_PROPERTIES": lambda r: {"$ip": r.META["REMOTE_ADDR"]}}],
    },
    effects={"W034": {THE_HEADER}},
)
