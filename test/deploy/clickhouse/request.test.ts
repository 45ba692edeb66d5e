import { chooseEncoding, readRequest } from '../../../deploy/local/clickhouse/request';
import { refusal, FrontError, statusOf } from '../../../deploy/local/clickhouse/errors';
import { Users } from '../../../deploy/local/clickhouse/users';
import { contentType } from '../../../deploy/local/clickhouse/content-type';

const read = (url: string, headers: Record<string, string> = {}): ReturnType<typeof readRequest> =>
  readRequest({ headers, method: 'POST' }, new URLSearchParams(url));

describe('readRequest', () => {
  it('sorts what is in the URL', () => {
    const r = read(
      'query=SELECT+1&database=d&default_format=JSON&max_threads=1&param_x=5&wait_end_of_query=1&send_progress_in_http_headers=1',
    );
    expect(r).toMatchObject({ query: 'SELECT 1', database: 'd', format: 'JSON', waitForEnd: true, safe: false });
    expect([...r.settings]).toEqual([['max_threads', '1']]);
    expect([...r.params]).toEqual([['x', '5']]);
  });

  it('lets headers name format and database', () => {
    expect(read('', { 'x-clickhouse-format': 'CSV', 'x-clickhouse-database': 'd' })).toMatchObject({
      format: 'CSV',
      database: 'd',
    });
  });

  it.each(['compress=1', 'decompress=1', 'role=r', 'default_format=a%20b', 'session_id=s&session_timeout=99999'])(
    'refuses %s',
    (url) => {
      expect(() => read(url)).toThrow(FrontError);
    },
  );

  it('never lets a client ask for unacknowledged inserts', () => {
    expect([...read('async_insert=1&wait_for_async_insert=0').settings]).toEqual([]);
  });

  it.each([
    ['gzip, deflate', 'gzip'],
    ['br;q=1.0, gzip', 'br'],
    ['gzip;q=0, deflate', 'deflate'],
    ['zstd', undefined],
    [undefined, undefined],
  ])('chooses from Accept-Encoding %s', (header, expected) => expect(chooseEncoding(header)).toBe(expected));

  it('compresses only when asked to', () => {
    expect(read('', { 'accept-encoding': 'gzip' }).encoding).toBeUndefined();
    expect(read('enable_http_compression=1', { 'accept-encoding': 'gzip' }).encoding).toBe('gzip');
  });
});

describe('errors', () => {
  it('tells the engine in its own words', () => {
    const error = new Error('Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)');
    expect(refusal(error, '26.7')).toEqual({
      code: 60,
      status: 404,
      text: 'Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE) (version 26.7)',
    });
  });

  it('does not tell of its own files', () => {
    const error = new Error(
      "Code: 62. DB::Exception: Syntax error: x\nINTO OUTFILE '/a/b' TRUNCATE COMPRESSION 'none' FORMAT TSV. (SYNTAX_ERROR)",
    );
    expect(refusal(error, 'v').text).not.toContain('/a/b');
  });

  it.each([
    [62, 400],
    [516, 403],
    [194, 401],
    [60, 404],
    [202, 503],
    [159, 408],
    [469, 400],
    [241, 500],
  ])('code %d is status %d', (code, status) => expect(statusOf(code)).toBe(status));
});

describe('users', () => {
  const users = new Users([{ name: 'millrace', role: 'full', password: 'secret' }]);
  const none = new URLSearchParams();
  const by = (headers: Record<string, string>, url = none): string => users.identify({ headers }, url).name;

  it('are found by headers, basic authentication or URL', () => {
    expect(by({ 'x-clickhouse-user': 'millrace', 'x-clickhouse-key': 'secret' })).toBe('millrace');
    expect(by({ authorization: `Basic ${Buffer.from('millrace:secret').toString('base64')}` })).toBe('millrace');
    expect(by({}, new URLSearchParams('user=millrace&password=secret'))).toBe('millrace');
  });

  it('are refused otherwise', () => {
    expect(() => by({})).toThrow(/Authentication is required/);
    expect(() => by({ 'x-clickhouse-user': 'millrace', 'x-clickhouse-key': 'wrong' })).toThrow(/Authentication failed/);
    expect(() => by({ 'x-clickhouse-user': 'nobody' })).toThrow(/Authentication failed/);
    expect(() => by({ 'x-clickhouse-user': 'default' })).toThrow(/Authentication failed/);
  });
});

it.each([
  ['JSON', 'application/json; charset=UTF-8'],
  ['JSONEachRow', 'application/x-ndjson; charset=UTF-8'],
  ['CSVWithNames', 'text/csv; charset=UTF-8; header=present'],
  ['TabSeparated', 'text/tab-separated-values; charset=UTF-8'],
  ['RowBinary', 'application/octet-stream'],
])('content type of %s', (format, type) => expect(contentType(format)).toBe(type));
