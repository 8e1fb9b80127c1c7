/** The sample in a real PostgreSQL, in an SQLite file, and dumped from the former in both forms. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { PostgresServer } from '../postgres/server.ts'
import { SAMPLE, temporaryFile } from './shop.ts'

const TABLES = [
  // In the order of pg_dump, which is that of their names.
  'spree_oauth_access_tokens',
  'spree_oauth_applications',
  'spree_role_users',
  'spree_roles',
  'spree_users',
]

/** Users whose values have all in them that dumps have to escape. */
const AWKWARD = [
  [11, "o'hara@example.com", "sa'lt\\n"],
  [12, 'tab@example.com', 'a\tb\nc\\.\r\\N'],
  [13, 'umlaut@exämple.com', "';COPY spree_users (id) FROM stdin;\n\\.\n--"],
] as const

const DIGEST = 'ab'.repeat(64)

function inserts(): string {
  return AWKWARD.map(
    ([id, email, salt]) =>
      `insert into spree_users (id, email, password_salt, encrypted_password, created_at, updated_at)
        values (${id}, '${email.replaceAll("'", "''")}', '${salt.replaceAll("'", "''")}', '${DIGEST}', '2026-01-01', '2026-01-01');`,
  ).join('\n')
}

export function sqliteShop(): string {
  const path = temporaryFile('spree.sqlite3')
  const database = new DatabaseSync(path)
  database.exec(readFileSync(SAMPLE, 'utf8'))
  database.exec(inserts().replaceAll("'2026-01-01'", "'2026-01-01 00:00:00'"))
  database.close()
  return path
}

/** The URL of a database that has the sample, and users with awkward values. */
export async function postgresShop(server: PostgresServer): Promise<string> {
  const url = await postgresSample(server)
  await server.query(url, inserts())
  return url
}

/** The URL of a database that has the sample and nothing else. */
export async function postgresSample(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase()
  const sample = readFileSync(SAMPLE, 'utf8')
    .replaceAll('datetime', 'timestamp')
    .replace('boolean NOT NULL DEFAULT 1', 'boolean NOT NULL DEFAULT true')
    .replaceAll(
      /(INTO spree_oauth_applications .*'), ([01]), '2026/g,
      (_, head, flag) => `${head}, ${flag === '1'}, '2026`,
    )
  await server.query(url, sample)
  return url
}

const NOISE = `--
-- PostgreSQL database dump
--

\\restrict 3zDkWqT8

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
/* COPY spree_users (id) FROM stdin; */
CREATE FUNCTION public.noise() RETURNS text LANGUAGE plpgsql
    AS $_$ begin return $$;
COPY public.spree_users (id, email, encrypted_password) FROM stdin;
$$; end $_$;
COMMENT ON FUNCTION public.noise() IS 'it''s;
COPY public.spree_users (id) FROM stdin;';
COMMENT ON FUNCTION public.noise() IS E'it''s \\';
COPY public.spree_users (id) FROM stdin;';

`

/** Another table's data, of which a line looks like a statement; and an empty table. */
const OTHERS = `COPY public.aaa_notes (body) FROM stdin;
COPY public.spree_users (id, email, encrypted_password) FROM stdin;
INSERT INTO public.spree_users VALUES (666);
\\.


COPY public.aaa_empty (body) FROM stdin;
\\.


`

/** As pg_dump writes it, of what `COPY … TO` of the server itself gives. */
export async function copyDump(server: PostgresServer, url: string): Promise<string> {
  const parts = [NOISE, OTHERS]
  for (const table of TABLES) {
    const columns = await columnsOf(server, url, table)
    const file = join(server.data, `${table}.copy`)
    await server.query(url, `copy ${table} (${columns.join(', ')}) to '${file}'`)
    parts.push(
      `COPY public.${table} (${columns.join(', ')}) FROM stdin;\n${readFileSync(file, 'utf8')}\\.\n\n\n`,
    )
  }
  return temporaryFile('copy.sql', [...parts, '\\unrestrict 3zDkWqT8\n'].join(''))
}

/** As pg_dump --inserts writes it: without names of columns, which only the tables tell. */
export async function insertDump(server: PostgresServer, url: string): Promise<string> {
  const parts = [NOISE, OTHERS]
  for (const table of TABLES) {
    const columns = await columnsOf(server, url, table)
    const definitions = columns.map(
      (column) => `    ${column} character varying(128) DEFAULT ', x'::character varying`,
    )
    parts.push(
      `CREATE TABLE public.${table} (\n${definitions.join(',\n')},\n    CONSTRAINT c CHECK ((id > 0))\n);\n\n`,
    )
    const values = columns.map((column) => `coalesce(quote_literal(${column}), 'NULL')`).join(` || ', ' || `)
    const rows = await server.query(url, `select ${values} as tuple from ${table} order by id`)
    for (const { tuple } of rows) parts.push(`INSERT INTO public.${table} VALUES (${tuple});\n`)
  }
  return temporaryFile('insert.sql', parts.join(''))
}

async function columnsOf(server: PostgresServer, url: string, table: string): Promise<readonly string[]> {
  const rows = await server.query(
    url,
    `select attname::text from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 order by attnum`,
  )
  return rows.map(({ attname }) => String(attname))
}
