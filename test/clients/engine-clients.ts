import type { EngineName } from "@rollcall/testing/engines";

/** Which clients are tested on which engine. */
export const clientsOfEngines: readonly { readonly kind: EngineName; readonly clients: RegExp }[] = [
  { kind: "elasticsearch", clients: /elasticsearch 7/ },
  { kind: "elasticsearch8", clients: /elasticsearch 8/ },
  { kind: "elasticsearch9", clients: /elasticsearch 9/ },
  { kind: "opensearch", clients: /opensearch/ },
  { kind: "opensearch3", clients: /opensearch 3/ },
];
