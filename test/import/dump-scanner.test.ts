/** A dump means the same however much of it is read at once. */
import { open } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { scanDump } from '../../src/import/spree/dump-scanner.ts'
import {
  isCopyFromStdin,
  parseCopyLine,
  parseCreateTable,
  parseInsertHead,
  parseTuples,
} from '../../src/import/spree/dump-values.ts'
import { temporaryFile } from './shop.ts'

const DUMP = `-- it's a dump; really
\\restrict x;y
SET a = 'b;c''d;';
SELECT 'back\\';
SELECT E'it''s \\'; ', "na""me;", $$ ; $$, $t$ ; $$ ' $t$, $1 /* ; ' */ -- ; '
, 2;
COPY public.one (a, b) FROM stdin;
1\tline; 'one
2\t\\\\.
COPY public.two (a) FROM stdin;
\\.

COPY public.two (a) FROM stdin;
\\.
INSERT INTO three VALUES (1, 'ümlaut
;two lines'), (2, NULL);
`

/** Everything that is found, with the lines it is in. */
async function scan(chunk: number): Promise<unknown> {
  const file = await open(temporaryFile('dump.sql', DUMP), 'r')
  onTestFinished(() => file.close())
  const scanner = scanDump(file, { offset: 0, line: 1, chunk })
  const found: unknown[] = []
  for (let next = await scanner.next(); next !== null; next = await scanner.next()) {
    found.push({ line: next.line, text: next.text })
    if (!isCopyFromStdin(next.text)) continue
    for (let part = await scanner.nextLines(); part !== null; part = await scanner.nextLines()) {
      for (const [index, text] of part.lines.entries()) found.push({ line: part.line + index, text })
    }
  }
  return found
}

test('whatever is read at once', async () => {
  const whole = await scan(1_000_000)
  expect(whole).toEqual([
    { line: 3, text: "SET a = 'b;c''d;';" },
    { line: 4, text: "SELECT 'back\\';" },
    { line: 5, text: `SELECT E'it''s \\'; ', "na""me;", $$ ; $$, $t$ ; $$ ' $t$, $1 /* ; ' */ -- ; '\n, 2;` },
    { line: 7, text: 'COPY public.one (a, b) FROM stdin;' },
    { line: 8, text: "1\tline; 'one" },
    { line: 9, text: '2\t\\\\.' },
    { line: 10, text: 'COPY public.two (a) FROM stdin;' },
    { line: 13, text: 'COPY public.two (a) FROM stdin;' },
    { line: 15, text: "INSERT INTO three VALUES (1, 'ümlaut\n;two lines'), (2, NULL);" },
  ])
  for (let chunk = 1; chunk < 60; chunk++) expect(await scan(chunk), `${chunk} bytes`).toEqual(whole)
})

test('data that nobody needs is skipped, whatever is read at once', async () => {
  for (let chunk = 1; chunk < 60; chunk++) {
    const file = await open(temporaryFile('dump.sql', DUMP), 'r')
    onTestFinished(() => file.close())
    const scanner = scanDump(file, { offset: 0, line: 1, chunk })
    const lines: number[] = []
    for (let next = await scanner.next(); next !== null; next = await scanner.next()) {
      lines.push(next.line)
      if (isCopyFromStdin(next.text)) await scanner.skipLines()
    }
    expect(lines, `${chunk} bytes`).toEqual([3, 4, 5, 7, 13, 15])
  }
})

test('values are what they were', () => {
  expect(parseCopyLine('1\t\\N\t\ta\\tb\\\\n\\x41\\101\\q')).toEqual(['1', null, '', 'a\tb\\nAAq'])
  const tuples = (text: string) => parseTuples(text, parseInsertHead(text)?.end ?? 0)
  expect(
    tuples(`insert into "S".t (a, "B c") values (1, 'it''s'), (-2.5e3, null) , (TRUE,E'a\\n''b\\'');`),
  ).toEqual([
    ['1', "it's"],
    ['-2.5e3', null],
    ['true', "a\n'b'"],
  ])
  expect(tuples(`INSERT INTO t VALUES ('2026-01-01'::timestamp without time zone, '\\x00'::bytea);`)).toEqual(
    [['2026-01-01', '\\x00']],
  )
  expect(tuples("INSERT INTO t VALUES (1), (replace('a', 'b', char(10))), (3);")).toEqual([['1'], null])
  const created =
    parseCreateTable(`CREATE TABLE public.t (\n id bigint DEFAULT nextval('a, b'::regclass) NOT NULL,
    "Odd, name" numeric(8,2), CONSTRAINT t_pkey PRIMARY KEY (id, x), PRIMARY KEY (id));`)
  expect(created).toMatchObject({ schema: 'public', table: 't', columns: ['id', 'Odd, name'] })
})
