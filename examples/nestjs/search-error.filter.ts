import { type ArgumentsHost, Catch, type ExceptionFilter } from "@nestjs/common";
import { errors } from "@opensearch-project/opensearch";
import { RollcallError } from "rollcall";

interface Reply {
  status(code: number): this;
  json(body: object): void;
}

/** Gives failed searches a status for our own callers. What a client throws has the pool's error as its cause. */
@Catch(RollcallError, errors.OpenSearchClientError)
export class SearchErrorFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    const cause = error instanceof RollcallError ? error : error.cause;
    const code = cause instanceof RollcallError ? cause.code : "STATUS";
    host.switchToHttp().getResponse<Reply>().status(statusOf(code)).json({ error: code });
  }
}

function statusOf(code: RollcallError["code"]): number {
  if (code === "TIMEOUT") return 504;
  return code === "NO_NODE" || code === "QUEUE_FULL" ? 503 : 502;
}
