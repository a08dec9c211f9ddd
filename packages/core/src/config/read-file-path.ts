import { fileURLToPath } from "node:url";
import type { Place, Problems } from "./problems.js";

/**
 * The absolute path of a file that an option names, by a path or a file URL. A relative path is a problem: where it leads
 * depends on where the process was started. The file is not looked at here.
 */
export function readFilePath(place: Place, problems: Problems): string | undefined {
  const text = place.value instanceof URL ? place.value.href : place.value;
  if (typeof text === "string" && !text.includes("\0")) {
    if (/^(?:\/|[A-Za-z]:[\\/])/.test(text)) return text;
    const path = pathOfUrl(text);
    if (path !== undefined) return path;
  }
  problems.add(place, "must be the name of a file: an absolute path or a file URL");
  return undefined;
}

function pathOfUrl(text: string): string | undefined {
  if (!text.startsWith("file://")) return undefined;
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}
