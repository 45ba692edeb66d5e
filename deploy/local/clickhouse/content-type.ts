/** Content-Type of an answer in a format, as ClickHouse gives it. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [
    /^JSON(Strings)?(Compact)?(Columns|ColumnsWithMetadata|ColumnsBlock)?$|^JSON(Compact|CompactStrings|Strings|ObjectEachRow)$/,
    'application/json; charset=UTF-8',
  ],
  [/^JSON.*EachRow|^(NDJSON|JSONLines)$/, 'application/x-ndjson; charset=UTF-8'],
  [/^CSVWithNames/, 'text/csv; charset=UTF-8; header=present'],
  [/^CSV$/, 'text/csv; charset=UTF-8; header=absent'],
  [/^(TSV|TabSeparated)/, 'text/tab-separated-values; charset=UTF-8'],
  [
    /^(Pretty|Vertical|Values|Markdown|SQLInsert|LineAsString|Template|CustomSeparated|XML)/,
    'text/plain; charset=UTF-8',
  ],
];

export function contentType(format: string): string {
  return TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'application/octet-stream';
}
