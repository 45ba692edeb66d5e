import { fromFile, intoFile, parse, type Statement } from '../../../deploy/local/clickhouse/statement';
import { tokens } from '../../../deploy/local/clickhouse/lexer';

const output = (sql: string): string => {
  const s = parse(sql);
  if (s.kind !== 'output') throw new Error(`${s.kind} instead of output`);
  return intoFile(s, '/p', 'TSV')
    .replace("INTO OUTFILE '/p' TRUNCATE COMPRESSION 'none'", '<out>')
    .replaceAll(/\s+/g, ' ');
};

const data = (text: string): Extract<Statement, { kind: 'data' }> & { rest: string; sql: string } => {
  const s = parse(text);
  if (s.kind !== 'data') throw new Error(`${s.kind} instead of data`);
  return { ...s, rest: text.slice(s.dataAt), sql: fromFile(s, '/p').replaceAll(/\s+/g, ' ') };
};

describe('statements that give rows', () => {
  it.each([
    ['SELECT 1', 'SELECT 1 <out> FORMAT TSV'],
    ['select 1;', 'select 1 <out> FORMAT TSV'],
    ['SELECT 1 FORMAT JSON', 'SELECT 1 <out> FORMAT JSON'],
    ['SELECT 1 format JSON;;', 'SELECT 1 <out> format JSON'],
    ['SELECT 1 SETTINGS max_threads = 1 FORMAT CSV', 'SELECT 1 SETTINGS max_threads = 1 <out> FORMAT CSV'],
    ['SELECT 1 FORMAT CSV SETTINGS max_threads = 1', 'SELECT 1 <out> FORMAT CSV SETTINGS max_threads = 1'],
    ["SELECT ' FORMAT CSV' AS x", "SELECT ' FORMAT CSV' AS x <out> FORMAT TSV"],
    ['SELECT 1 -- FORMAT CSV', 'SELECT 1 <out> FORMAT TSV'],
    ['/* hello */ SELECT 1', '/* hello */ SELECT 1 <out> FORMAT TSV'],
    ['SELECT format FROM t', 'SELECT format FROM t <out> FORMAT TSV'],
    ['SELECT * FROM (SELECT 1 FORMAT) AS x', 'SELECT * FROM (SELECT 1 FORMAT) AS x <out> FORMAT TSV'],
    ['WITH 1 AS x SELECT x', 'WITH 1 AS x SELECT x <out> FORMAT TSV'],
    ['(SELECT 1) UNION ALL (SELECT 2)', '(SELECT 1) UNION ALL (SELECT 2) <out> FORMAT TSV'],
    ['SHOW TABLES', 'SHOW TABLES <out> FORMAT TSV'],
    ["SELECT 'it''s;' , `a;b`, $$;$$", "SELECT 'it''s;' , `a;b`, $$;$$ <out> FORMAT TSV"],
  ])('%s', (sql, expected) => expect(output(sql)).toBe(expected));

  it.each([
    ['SELECT 1; SELECT 2', /Multi-statements/],
    ["SELECT 'abc", /Unclosed/],
    ['SELECT 1 /* abc', /Unclosed/],
    ['', /Empty query/],
    ['  -- nothing', /Empty query/],
    ["SELECT 1 INTO OUTFILE '/etc/x'", /OUTFILE is not available/],
    ["INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString", /INFILE is not available/],
  ])('refuses %s', (sql, words) => expect(() => parse(sql)).toThrow(words));
});

describe('INSERT with data', () => {
  it('finds the data after FORMAT', () => {
    const s = data('INSERT INTO t (a, b) SETTINGS x = 1 FORMAT JSONEachRow\n{"a": 1}');
    expect(s.rest).toBe('{"a": 1}');
    expect(s.sql).toBe("INSERT INTO t (a, b) FROM INFILE '/p' COMPRESSION 'none' SETTINGS x = 1 FORMAT JSONEachRow");
  });

  it.each([
    ['INSERT INTO t VALUES (1), (2)', ' (1), (2)', 'Values'],
    ['INSERT INTO t FORMAT CSV\r\n1,2', '1,2', 'CSV'],
    ['INSERT INTO t FORMAT CSV 1,2', '1,2', 'CSV'],
    ['INSERT INTO db.format FORMAT Avro\nObj', 'Obj', 'Avro'],
    ['INSERT INTO values VALUES (1)', ' (1)', 'Values'],
    ["INSERT INTO FUNCTION null('a UInt8') FORMAT TSV\n1", '1', 'TSV'],
    ['INSERT INTO t (format, values) VALUES (1, 2)', ' (1, 2)', 'Values'],
    ['-- hello\nINSERT INTO t FORMAT TSV\n\n1', '\n1', 'TSV'],
  ])('%j', (text, rest, format) => expect(data(text)).toMatchObject({ rest, format }));

  it('does not read the data as SQL', () => {
    expect(data("INSERT INTO t FORMAT TSV\nit's; DROP TABLE x").rest).toBe("it's; DROP TABLE x");
  });

  it('takes INSERT … SELECT as a command', () => {
    expect(parse('INSERT INTO t SELECT 1')).toMatchObject({ kind: 'command', verb: 'INSERT' });
    expect(parse('INSERT INTO t WITH 1 AS x SELECT x FORMAT TSV')).toMatchObject({ kind: 'command' });
  });
});

it('gives commands their verb', () => {
  expect(parse('create table t (a Int8) engine = Null;')).toMatchObject({ kind: 'command', verb: 'CREATE' });
});

it('counts brackets', () => {
  const depths = [...tokens('f(a[1], {2: (3)})')].map((t) => `${t.text}${t.depth}`);
  expect(depths.join(' ')).toBe('f0 (0 a1 [1 12 ]1 ,1 {1 22 :2 (2 33 )2 }1 )0');
});
