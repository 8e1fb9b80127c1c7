import { APART } from '../family.ts'
import type { SqlWords } from '../migrations/index.ts'
import { IN_BOUNDS, type OfDays, selectEach } from './days.ts'

/** The channel on which changes are told to all nodes, with the name of the table that changed. */
export const CHANNEL = 'mintkeeper'

/** The same for tables whose rows nodes keep, and which are changed often. */
export const ROWS_CHANNEL = 'mintkeeper_rows'

/** Locks tokens as an update does, in the order of their keys. */
export const LOCK_TOKENS: OfDays = {
  latest: `select key from tokens where ${IN_BOUNDS} order by key for no key update`,
  // In that of the list.
  earlier: selectEach('key', 'for no key update'),
}

export const LOCK_FAMILY = `select key from tokens where family = ? and key > ? and ${APART} and revoked_at is null
  order by key for no key update`

export const WORDS: SqlWords = {
  tableNames: 'select tablename from pg_tables where schemaname = current_schema()',
  integer: 'bigint',
  text: 'text collate "C"',
  bytes: 'bytea',
  least: 'least',
  greatest: 'greatest',
  computed: 'stored',
  sequence: 'partition by range (key)',
  log: '',
  map: '',
  // Rows have a place whatever their key; `partitions.ts` makes others for the days to come.
  sequenced: (table) => [
    `create table ${table}_default partition of ${table} default`,
    // When the first and the last row of a partition are dead.
    `create index ${table}_by_death on ${table} (dead_at)`,
  ],
  announced: (table) => [
    `create or replace function mintkeeper_announce() returns trigger language plpgsql
      as 'begin perform pg_notify(''${CHANNEL}'', tg_table_name); return null; end'`,
    `create trigger mintkeeper_announce after insert or update or delete on ${table}
      for each statement execute function mintkeeper_announce()`,
  ],
  announcedRows: (table, isKept) => [
    `create or replace function mintkeeper_announce_rows() returns trigger language plpgsql
      as 'begin perform pg_notify(''${ROWS_CHANNEL}'', tg_table_name); return null; end'`,
    ...(isKept === undefined
      ? [
          `create trigger mintkeeper_announce_rows after insert or update or delete or truncate on ${table}
            for each statement execute function mintkeeper_announce_rows()`,
        ]
      : [
          `create trigger mintkeeper_announce_rows after insert or update on ${table}
            for each row when (${isKept('new')}) execute function mintkeeper_announce_rows()`,
          `create trigger mintkeeper_announce_deleted_rows after delete on ${table}
            for each row when (${isKept('old')}) execute function mintkeeper_announce_rows()`,
        ]),
  ],
}

/**
 * Tenant and key as one, for which there is one index: plans are made for all tenants alike, and where most rows are those
 * of a few, one that goes through all of them by key looks cheap, also for a tenant that has hardly any.
 */
export const KEYS_OF_TENANT = '(tenant, key) >= (?, ?) and (tenant, key) < (?, ?)'
