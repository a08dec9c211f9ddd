import { setChildren } from "./elements.js";

/** One row of a table, which changes in place. */
export interface TableRow<Item> {
  readonly element: HTMLElement;
  show(item: Item): void;
}

/** Browsers drop the meaning of a table whose rows are laid out as cards, unless each part of it says what it is. */
function keepMeaning(body: HTMLElement): void {
  const table = body.closest("table");
  table?.setAttribute("role", "table");
  for (const [selector, role] of [
    ["thead, tbody", "rowgroup"],
    ["tr", "row"],
    ["th", "columnheader"],
  ] as const) {
    for (const element of table?.querySelectorAll(selector) ?? []) element.setAttribute("role", role);
  }
}

/** Keeps the rows of a table body as its items are: a row stays the same element as long as its item is there. */
export class TableRows<Item> {
  private readonly rows = new Map<string, TableRow<Item>>();

  constructor(
    private readonly body: HTMLElement,
    private readonly keyOf: (item: Item) => string,
    private readonly create: (item: Item) => TableRow<Item>,
  ) {
    keepMeaning(body);
  }

  show(items: readonly Item[]): void {
    const keys = new Set(items.map(this.keyOf));
    for (const key of this.rows.keys()) if (!keys.has(key)) this.rows.delete(key);
    const elements = items.map((item) => {
      const key = this.keyOf(item);
      const row = this.rows.get(key) ?? this.create(item);
      this.rows.set(key, row);
      row.show(item);
      return row.element;
    });
    setChildren(this.body, elements);
  }
}
