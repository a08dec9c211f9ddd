/**
 * Where a process is subscribed to the sharded channels of its view: at the primary of their slot, which may change.
 *
 *            owner          granted
 *   nowhere ───────▶ asking ────────▶ subscribed
 *      ▲               │ │                │
 *      ├─ failed, left ┘ └─ refused ──▶ refused ── owner ──▶ asking
 *      └──────────────────── left ────────┘        refused ◀── unpublished ── subscribed
 *
 * Another owner, or other channels, lead to `asking` from every state.
 */
export type ShardPlace<Node> =
  | { readonly kind: "nowhere" }
  | { readonly kind: "asking"; readonly node: Node; readonly attempt: number }
  | { readonly kind: "subscribed"; readonly node: Node }
  | { readonly kind: "refused"; readonly node: Node };

/**
 *   owner     what the client takes for the primary of the slot, if it has a connection to it
 *   wanted    other channels are wanted than before
 *   granted   the server has subscribed this process to all of them
 *   refused   it does not subscribe this process to any, for people: why
 *   failed    it gave no answer, or not its own
 *   unpublished   it subscribes this process, and refuses what it publishes, for people: why
 *   left      the connection to the node has ended, or the node has said that it no longer owns the slot
 */
export type ShardEvent<Node> =
  | { readonly kind: "owner"; readonly node: Node | undefined }
  | { readonly kind: "wanted" }
  | { readonly kind: "granted" | "failed"; readonly attempt: number }
  | { readonly kind: "refused"; readonly attempt: number; readonly problem: string }
  | { readonly kind: "unpublished"; readonly problem: string }
  | { readonly kind: "left"; readonly node: Node };

/**
 *   subscribe     to all wanted channels at the node
 *   unsubscribe   from all of them at the node
 *   findOwner     ask the cluster which node owns the slot now
 *   subscribed    messages before this may have been lost
 *   refused       nothing is received, or nothing published, for people: why
 */
export type ShardEffect<Node> =
  | { readonly kind: "subscribe"; readonly node: Node; readonly attempt: number }
  | { readonly kind: "unsubscribe"; readonly node: Node }
  | { readonly kind: "findOwner" }
  | { readonly kind: "subscribed" }
  | { readonly kind: "refused"; readonly problem: string };

type Step<Node> = readonly [ShardPlace<Node>, readonly ShardEffect<Node>[]];

/** @param attempt the number of a next attempt, another each time */
export function nextShardPlace<Node>(place: ShardPlace<Node>, event: ShardEvent<Node>, attempt: number): Step<Node> {
  const ask = (node: Node, ...before: readonly ShardEffect<Node>[]): Step<Node> => [
    { kind: "asking", node, attempt },
    [...before, { kind: "subscribe", node, attempt }],
  ];
  switch (event.kind) {
    case "owner": {
      const { node } = event;
      if (node === undefined) return [place, []];
      if (place.kind === "nowhere" || place.kind === "refused") return ask(node);
      return place.node === node ? [place, []] : ask(node, { kind: "unsubscribe", node: place.node });
    }
    case "wanted":
      return place.kind === "nowhere" ? [place, []] : ask(place.node);
    case "unpublished":
      return place.kind === "nowhere" || place.kind === "refused"
        ? [place, []]
        : [{ kind: "refused", node: place.node }, [{ kind: "refused", problem: event.problem }]];
    case "left":
      return place.kind !== "nowhere" && place.node === event.node
        ? [{ kind: "nowhere" }, [{ kind: "findOwner" }]]
        : [place, []];
  }
  if (place.kind !== "asking" || place.attempt !== event.attempt) return [place, []];
  const { node } = place;
  switch (event.kind) {
    case "granted":
      return [{ kind: "subscribed", node }, [{ kind: "subscribed" }]];
    case "refused":
      return [{ kind: "refused", node }, [{ kind: "refused", problem: event.problem }]];
    case "failed":
      return [{ kind: "nowhere" }, []];
  }
}
