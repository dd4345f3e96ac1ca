import { describe, expect, it } from "vitest";
import { formatFor } from "@/lib/format";
import { recordMessages } from "@/messages/log";
import { type Attempt, nextText, type Record, verdict } from "./verdict";

const attempt = (part: Partial<Attempt>): Attempt => ({
  target_id: 1,
  provider_id: 1,
  provider: "azure",
  target_model: "gpt-4o",
  status: null,
  error: null,
  started_ms: 0,
  first_byte_ms: null,
  ended_ms: 310,
  next: null,
  ...part,
});

const record = (part: Partial<Record>): Record =>
  ({
    status: 200,
    end_reason: "complete",
    error_code: null,
    first_byte_delay_ms: 5,
    total_time_ms: 2400,
    attempts: [],
    ...part,
  }) as Record;

const failed = (error: string) => ({
  status: 502,
  error_code: error,
  end_reason: "error" as const,
  attempts: [attempt({ error })],
});

const CASES: [name: string, part: Partial<Record>, en: string, zh: string][] = [
  ["an answer", { attempts: [attempt({ status: 200 })] }, "azure answered 200 in 310 ms", "azure 在 310 ms 后返回 200"],
  [
    "a failover after a refusal",
    {
      attempts: [
        attempt({ status: 429 }),
        attempt({ provider: "openai", status: 200, started_ms: 310, ended_ms: 2410 }),
      ],
    },
    "200 after 2 tries: azure answered 429 in 310 ms, then openai answered 200 in 2.1 s",
    "2 次尝试后 200：azure 在 310 ms 后返回 429，然后 openai 在 2.1 s 后返回 200",
  ],
  ["no connection", failed("connect"), "502: azure could not be reached (310 ms)", "502：azure 无法连接（310 ms）"],
  [
    "an unknown host",
    failed("dns"),
    "502: azure could not be found (DNS) (310 ms)",
    "502：azure 无法找到（DNS）（310 ms）",
  ],
  [
    "no safe connection",
    failed("tls"),
    "502: azure could not be reached safely (TLS) (310 ms)",
    "502：azure 无法安全连接（TLS）（310 ms）",
  ],
  [
    "a slow first byte",
    { ...failed("timeout_first_byte"), status: 504 },
    "504: azure did not begin to answer in time (310 ms)",
    "504：azure 未能及时开始回答（310 ms）",
  ],
  [
    "no valid answer",
    failed("protocol"),
    "502: azure sent something that is no valid answer (310 ms)",
    "502：azure 返回了无效的回答（310 ms）",
  ],
  [
    "a cut stream",
    { end_reason: "truncated", attempts: [attempt({ status: 200, error: "truncated" })] },
    "200, but cut off after 2.4 s: azure broke off its answer",
    "200，但在 2.4 s 后中断：azure 中断了回答",
  ],
  [
    "a stalled stream",
    { end_reason: "truncated", attempts: [attempt({ status: 200, error: "timeout_idle" })] },
    "200, but cut off after 2.4 s: azure stopped sending",
    "200，但在 2.4 s 后中断：azure 停止发送",
  ],
  [
    "a client that left",
    {
      status: 499,
      end_reason: "client_left",
      first_byte_delay_ms: null,
      attempts: [attempt({ error: "client_left" })],
    },
    "The client left after 2.4 s: azure had not answered yet",
    "客户端在 2.4 s 后离开：azure 尚未回答",
  ],
  [
    "rules that let nobody through",
    { status: 422, end_reason: "error", error_code: "no_matching_provider" },
    "422 before any provider was asked: the rules let no provider through",
    "422，未询问任何服务商：规则没有放行任何服务商",
  ],
  [
    "a limit of the key",
    { status: 429, end_reason: "error", error_code: "rate_limit_exceeded" },
    "429 before any provider was asked: the API key has used up its requests of this minute",
    "429，未询问任何服务商：该 API 密钥已用完本分钟的请求数",
  ],
  [
    "a crash",
    { status: 200, end_reason: "aborted_by_crash" },
    "The gateway stopped before the answer had come to its end.",
    "网关在回答结束之前停止了。",
  ],
];

describe("the verdict of", () => {
  it.each(CASES)("%s", (_, part, en, zh) => {
    expect(verdict(record(part), recordMessages.en, formatFor("en"))).toBe(en);
    expect(verdict(record(part), recordMessages.zh, formatFor("zh"))).toBe(zh);
  });

  it("many attempts names the first ones and the last", () => {
    const attempts = [1, 2, 3, 4, 5, 6, 7].map((number) => attempt({ provider: `p${number}`, status: 500 }));
    const text = verdict(record({ status: 500, attempts }), recordMessages.en, formatFor("en"));
    expect(text).toContain("p3 answered 500 in 310 ms, then 3 more, then p7");
  });
});

it("names the models where one provider was asked for several, and tenths of a millisecond", () => {
  const attempts = [
    attempt({ status: 429, target_model: "a", ended_ms: 0.32 }),
    attempt({ status: 200, target_model: "b" }),
  ];
  expect(verdict(record({ attempts }), recordMessages.en, formatFor("en"))).toBe(
    "200 after 2 tries: azure (a) answered 429 in 0.3 ms, then azure (b) answered 200 in 310 ms",
  );
});

it("says why the next attempt followed", () => {
  const t = recordMessages.en;
  expect(nextText("failover after status 429", t)).toBe("On to the next: status 429");
  expect(nextText("retry after timeout_idle", t)).toBe("Tried again: stopped sending");
  expect(nextText("retry after reset of an idle connection", t)).toContain("reset of an idle connection");
  expect(nextText(null, t)).toBeNull();
});
