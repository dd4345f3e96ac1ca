"""All proxy routes."""

from app.api.proxy.anthropic import AnthropicController
from app.api.proxy.models import ModelsController, root
from app.api.proxy.openai import OpenAIController

ROUTES = (OpenAIController, AnthropicController, ModelsController, root)
