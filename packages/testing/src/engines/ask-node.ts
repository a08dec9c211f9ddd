import * as http from "node:http";
import * as https from "node:https";

export interface Access {
  readonly ca?: string;
  readonly user?: { readonly username: string; readonly password: string };
}

export interface NodeAnswer {
  readonly status: number;
  readonly text: string;
}

/** One GET on a connection of its own. @throws Node's own error, or "timeout" */
export function askNode(url: string, { ca, user }: Access = {}, timeoutMs = 5_000): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      ...(ca === undefined ? {} : { ca }),
      ...(user === undefined ? {} : { auth: `${user.username}:${user.password}` }),
    } as const;
    const request = url.startsWith("https:") ? https.get(url, options) : http.get(url, options);
    const timer = setTimeout(() => request.destroy(new Error("timeout")), timeoutMs);
    request.on("error", reject);
    request.on("close", () => clearTimeout(timer));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
}
