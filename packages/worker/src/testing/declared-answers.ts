import { RollcallError } from "@rollcall/core";
import { type MockAnswer, type MockReply, simulatedAnswer } from "./mock-answer.js";
import { type Matcher, type MockMatch, matcherOf } from "./mock-match.js";
import type { MockRequest } from "./mock-request.js";

interface Declared {
  readonly matcher: Matcher;
  /** A list: each reply answers once. */
  readonly replies: readonly MockReply[];
  readonly isList: boolean;
  used: number;
}

/** The answers that a test has declared. The one that was declared last is asked first. */
export class DeclaredAnswers {
  private readonly declared: Declared[] = [];

  /** @throws {RollcallError} `CONFIG` for what is no pattern, or no answer */
  add(match: MockMatch, reply: MockReply | readonly MockReply[]): void {
    const matcher = matcherOf(match);
    const isList = isReplies(reply);
    const replies = isList ? reply : [reply];
    // Where the test declares it, not where its request fails.
    for (const one of replies) if (typeof one !== "function") simulatedAnswer(one);
    this.declared.unshift({ matcher, replies, isList, used: 0 });
  }

  /** What the request gets. @throws {RollcallError} `CONFIG` where nothing is declared for it */
  async answer(request: MockRequest): Promise<MockAnswer> {
    for (const one of this.declared) {
      if (isUsedUp(one)) continue;
      const params = one.matcher.match(request);
      if (params === undefined) continue;
      const reply = one.replies[one.isList ? one.used : 0];
      one.used++;
      if (reply === undefined) continue;
      return typeof reply === "function" ? await reply({ ...request, params }) : reply;
    }
    if (request.method === "GET" && request.path === "/") return root;
    const all = this.declared.map((one) => `${one.matcher.text}${isUsedUp(one) ? " (used up)" : ""}`).reverse();
    const declared = all.length === 0 ? "none is declared" : `declared are: ${all.join(", ")}`;
    throw new RollcallError("CONFIG", `the mock has no answer for ${request.method} ${request.path}; ${declared}`);
  }

  /** Those that no request has used, or not all of a list. */
  unused(): string[] {
    const left = this.declared.filter((one) => one.used < one.replies.length).reverse();
    return left.map(({ matcher, replies, isList, used }) =>
      isList ? `${matcher.text} (${replies.length - used} of ${replies.length})` : matcher.text,
    );
  }
}

/** Some clients ask which product it is before their first call. */
const root: MockAnswer = {
  body: {
    name: "mock-1",
    cluster_name: "mock",
    cluster_uuid: "mock",
    version: { number: "7.17.28", build_flavor: "default" },
    tagline: "You Know, for Search",
  },
};

function isUsedUp({ isList, used, replies }: Declared): boolean {
  return isList && used >= replies.length;
}

function isReplies(reply: MockReply | readonly MockReply[]): reply is readonly MockReply[] {
  return Array.isArray(reply);
}
