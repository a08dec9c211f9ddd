import { type Classification, classify } from "@rollcall/core/request";
import type { PoolRequest } from "./pool-request.js";
import { pathOf } from "./request-path.js";

/** Where a request goes: its path as it goes out, and what is known of it. */
export interface RequestTarget {
  readonly path: string;
  readonly known: Classification;
}

const targetsMax = 256;
/** A longer path costs more to keep than to check. */
const pathMaxLength = 128;

/**
 * The targets of requests. Most requests of an application go to a few paths, and checking one takes longer than
 * finding it here. Not kept are paths of single documents, which seldom come again, and those with a query of its own.
 */
export class KnownTargets {
  private readonly byMethod = new Map<string, Map<unknown, RequestTarget>>();
  private size = 0;
  /** What was found last, and for which method. */
  private last: RequestTarget | undefined;
  private lastMethod = "";

  /** @throws {RollcallError} `CONFIG`, for a path or query that cannot be sent */
  of(method: string, request: PoolRequest): RequestTarget {
    if (request.query !== undefined) return targetOf(method, request);
    const { last } = this;
    // Often the same as before: to compare takes less time than to hash.
    if (last !== undefined && request.path === last.path && method === this.lastMethod) return last;
    const kept = this.byMethod.get(method)?.get(request.path);
    if (kept !== undefined) {
      this.last = kept;
      this.lastMethod = method;
      return kept;
    }
    const target = targetOf(method, request);
    if (isKept(target)) this.keep(method, target);
    return target;
  }

  private keep(method: string, target: RequestTarget): void {
    if (this.size >= targetsMax) {
      this.byMethod.clear();
      this.size = 0;
    }
    const ofMethod = this.byMethod.get(method) ?? new Map<unknown, RequestTarget>();
    this.byMethod.set(method, ofMethod);
    ofMethod.set(target.path, target);
    this.size++;
  }
}

function targetOf(method: string, request: PoolRequest): RequestTarget {
  const path = pathOf(request);
  return { path, known: classify(method, path) };
}

function isKept({ path, known: { template } }: RequestTarget): boolean {
  return path.length <= pathMaxLength && template !== undefined && !template.includes("{id}");
}
