import type { Schemas } from "@/api/client";

export interface Preset {
  name: string;
  /** What the provider is called when nothing else is typed. */
  slug: string;
  protocol: Schemas["Protocol"];
  baseUrl: string;
}

/** Where well-known providers' APIs begin, and which protocol they speak there. */
export const PRESETS: Preset[] = [
  { name: "OpenAI", slug: "openai", protocol: "openai", baseUrl: "https://api.openai.com/v1" },
  { name: "Anthropic", slug: "anthropic", protocol: "anthropic", baseUrl: "https://api.anthropic.com" },
  {
    name: "Azure OpenAI",
    slug: "azure",
    protocol: "openai",
    baseUrl: "https://YOUR-RESOURCE.openai.azure.com/openai/v1",
  },
  { name: "DeepSeek", slug: "deepseek", protocol: "openai", baseUrl: "https://api.deepseek.com/v1" },
  {
    name: "Google Gemini",
    slug: "gemini",
    protocol: "openai",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai",
  },
  { name: "Groq", slug: "groq", protocol: "openai", baseUrl: "https://api.groq.com/openai/v1" },
  { name: "Mistral", slug: "mistral", protocol: "openai", baseUrl: "https://api.mistral.ai/v1" },
  { name: "OpenRouter", slug: "openrouter", protocol: "openai", baseUrl: "https://openrouter.ai/api/v1" },
  { name: "Qwen", slug: "qwen", protocol: "openai", baseUrl: "https://dashscope.aliyuncs.com/compatible-mode/v1" },
  { name: "LM Studio", slug: "lmstudio", protocol: "openai", baseUrl: "http://127.0.0.1:1234/v1" },
  { name: "Ollama", slug: "ollama", protocol: "openai", baseUrl: "http://127.0.0.1:11434/v1" },
  { name: "vLLM", slug: "vllm", protocol: "openai", baseUrl: "http://127.0.0.1:8000/v1" },
  { name: "llm-gateway mock-upstream", slug: "mock", protocol: "openai", baseUrl: "http://127.0.0.1:9000/v1" },
];
