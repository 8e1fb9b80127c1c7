import { StoreConflict } from '../../store/errors.ts'
import type { Page } from '../../store/store.ts'
import { pageOf } from '../page.ts'

/** The key of a row in a map: one text for two, such that no two pairs are alike. */
export function mapKey(tenant: string, id: string): string {
  return JSON.stringify([tenant, id])
}

/** The order of databases: by code points, where `<` would compare UTF-16 units. */
export function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** A tenant's rows in the order of their ids. */
export function pageById<Row extends { readonly tenant: string; readonly id: string }>(
  all: Iterable<Row>,
  tenant: string,
  after: string | null,
  limit: number,
): Page<Row, string> {
  const found = [...all]
    .filter((row) => row.tenant === tenant && (after === null || byCodePoint(row.id, after) > 0))
    .sort((one, other) => byCodePoint(one.id, other.id))
  return pageOf(found, limit, (row) => row.id)
}

export function changed(noun: string): StoreConflict {
  return new StoreConflict('changed', `the ${noun} was changed or deleted since it was read`)
}
