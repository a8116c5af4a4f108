"""Events as AWS hands them to a function, with what the client and each hop in front wrote.

Their shapes are those of Amazon's documentation: Lambda proxy integration of REST APIs, payload
format 2.0 of HTTP APIs and function URLs, and Lambda targets of an Application Load Balancer.
"""

from tests.requests import CLIENT

EDGE = "198.51.100.20"  # a server of CloudFront
HOST = "shop.example"


def _headers(sent, *seen):
    """Return the headers of an event: what the hops in front added, and what the client sent.

    The client's own come last, where a second spelling of a name beats the first.
    """
    own = [value for name, value in sent.items() if name == "x-forwarded-for"]
    return {
        "host": HOST,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        "x-forwarded-for": ", ".join([*own, *seen]),
    } | {name: value for name, value in sent.items() if name != "x-forwarded-for"}


def rest(sent, source=CLIENT, *behind):
    """Return an event of a REST API with a regional endpoint."""
    titled = {name.title(): value for name, value in _headers(sent, source, *behind).items()}
    return {
        "resource": "/{proxy+}",
        "path": "/",
        "httpMethod": "GET",
        "headers": titled,
        "multiValueHeaders": {name: [value] for name, value in titled.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": ""},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "httpMethod": "GET",
            "identity": {"sourceIp": source, "userAgent": "curl/8.0"},
            "path": "/",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": None,
        "isBase64Encoded": False,
    }


def rest_edge(sent):
    """Return an event of a REST API with an edge-optimized endpoint, which CloudFront fronts."""
    return rest(sent, CLIENT, EDGE)


def rest_without_source(sent):
    """Return an event of the console's "Test" button, which has no source."""
    event = rest(sent)
    event["requestContext"]["identity"] = {"sourceIp": None}
    return event


def http(sent, source=CLIENT, *before):
    """Return an event of an HTTP API, in payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": _headers(sent, *before, source),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
            "http": {
                "method": "GET",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": "curl/8.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "25/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1795593600000,
        },
        "isBase64Encoded": False,
    }


def http_behind_cloudfront(sent):
    """Return an event of an HTTP API behind a CloudFront distribution of one's own."""
    return http(sent, EDGE, CLIENT)


def function_url(sent):
    """Return an event of a function URL."""
    event = http(sent)
    event["requestContext"]["domainName"] = "abcdef.lambda-url.eu-west-1.on.aws"
    event["requestContext"]["authentication"] = None
    return event


def alb(sent):
    """Return an event of an Application Load Balancer."""
    return {
        "requestContext": {
            "elb": {
                "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
                "targetgroup/lambda/49e9d65c45c6791a"
            }
        },
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {},
        "headers": _headers(sent, CLIENT),
        "body": "",
        "isBase64Encoded": False,
    }


def alb_multi(sent):
    """Return an event of a load balancer whose target group has multi-value headers switched on."""
    event = alb(sent)
    headers = event.pop("headers")
    event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    event["multiValueQueryStringParameters"] = event.pop("queryStringParameters")
    return event
