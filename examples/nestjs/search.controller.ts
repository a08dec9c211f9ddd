import { Controller, Get, Inject, Query, UseFilters } from "@nestjs/common";
import { Client } from "@opensearch-project/opensearch";
import { SearchErrorFilter } from "./search-error.filter.js";

interface LogLine {
  readonly message: string;
}

@Controller("search")
@UseFilters(SearchErrorFilter)
export class SearchController {
  constructor(@Inject(Client) private readonly client: Client) {}

  @Get()
  async search(@Query("q") q = "*"): Promise<readonly LogLine[]> {
    const { body } = await this.client.search({ index: "logs", q, size: 3 });
    return body.hits.hits.flatMap(({ _source }) => (_source === undefined ? [] : [_source as LogLine]));
  }
}
