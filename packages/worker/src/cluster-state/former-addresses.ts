/** More of them say nothing of a node any more. */
const addressesMax = 8;
/** A cluster that renews its nodes again and again leaves old ids behind. */
const nodesMax = 1_024;

/** The addresses that nodes have left, by their ids: a request can name a node by one of them. */
export class FormerAddresses {
  private readonly byId = new Map<string, readonly string[]>();

  /** The node of that id has left the address, for another or for good. */
  note(id: string, address: string): void {
    if (id === "") return;
    const others = this.of(id).filter((one) => one !== address);
    // At the end of the map: the node that left an address first is forgotten first.
    this.byId.delete(id);
    this.byId.set(id, [...others, address].slice(-addressesMax));
    const [oldest] = this.byId.keys();
    if (this.byId.size > nodesMax && oldest !== undefined) this.byId.delete(oldest);
  }

  of(id: string): readonly string[] {
    return this.byId.get(id) ?? [];
  }
}
