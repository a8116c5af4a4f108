"""What Zappa writes for a function when it deploys one."""

LOG_LEVEL = None
ENVIRONMENT_VARIABLES = {}
PROJECT_NAME = "shop"
API_STAGE = "prod"
DOMAIN = "shop.example"
DJANGO_SETTINGS = None
APP_MODULE = "tests.adapters.served"
APP_FUNCTION = "wsgi"
BINARY_SUPPORT = True
CONTEXT_HEADER_MAPPINGS = {}
EXCEPTION_HANDLER = None
DEBUG = False
AWS_EVENT_MAPPING = {}
AWS_BOT_EVENT_MAPPING = {}
COGNITO_TRIGGER_MAPPING = {}
