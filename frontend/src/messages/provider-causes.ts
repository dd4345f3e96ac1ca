import type { Language } from "@/lib/i18n";

/** What is wrong with a connection, by the cause the API names. English comes from the API itself. */
const zh: Record<string, string> = {
  blocked_url: "不能使用这个基础 URL。",
  dns: "主机名没有地址。请检查拼写，以及网关所在机器能否解析它。",
  blocked_address: "该名称指向元数据、链路本地、组播或广播地址，网关从不连接这些地址。",
  connect: "该主机和端口没有响应。请检查两者，以及中间是否有防火墙。",
  timeout: "没有及时回答。可能是防火墙丢弃了数据包，或服务商过载，或模型加载缓慢。",
  tls: "TLS 握手失败。",
  tls_name: "证书属于另一个主机名。请使用证书上的名称。",
  tls_untrusted: "本机不信任证书的签发者。请把签发者加入系统证书，或为此服务商关闭检查。",
  tls_expired: "证书已过期。",
  tls_none: "对方在该端口不使用 TLS。请尝试 http:// 或其他端口。",
  reset: "连接被关闭，没有回答。可能被中间设备切断。",
  protocol: "收到的不是有效的 HTTP/1.1。请检查端口，以及 http:// 还是 https://。",
  too_large: "回答的响应头过大。",
  cut: "回答在结束前中断。",
  env_missing: "网关运行环境中没有设置存放凭据的环境变量。",
  credential_unreadable: "无法用当前密钥解密已保存的凭据。请重新填写。",
  redirect: "服务商指向另一个地址，网关不会跟随。请把那个地址填为基础 URL。",
  unauthorized: "凭据在此不被接受。请检查它是否属于该服务商，是否完整。",
  payment: "账户余额不足。",
  forbidden: "凭据有效但没有权限。请检查权限、区域和项目。",
  not_found: "没有这个路径。基础 URL 可能缺少或重复了 /v1。",
  model_not_found: "服务商不认识这个模型，或凭据不能使用它。",
  method: "该路径不接受这种请求。基础 URL 可能指向别处。",
  rate_limited: "服务商限制了请求，或账户额度已用完。",
  refused: "服务商没有接受请求，原因见其原文。",
  upstream_error: "服务商自身有故障。请稍后再试。",
  html: "回答是一个网页：基础 URL 是网站地址，而不是 API。",
  not_json: "回答不是 JSON，很可能不是 API。请检查基础 URL。",
  not_an_answer: "回答不符合该协议。请检查协议和基础 URL。",
  no_model: "不知道要询问哪个模型。请填写一个名称。",
};

/** The advice on a cause in the reader's language. */
export function adviceOn(language: Language, cause: string | null, advice: string | null): string {
  return (language === "zh" && cause ? zh[cause] : undefined) ?? advice ?? "";
}
