import type { SqlWords } from './index.ts'

/** To which key tokens are bound, and which clients get no others. */
export function dpop({ text, integer }: SqlWords): string[] {
  return [`alter table tokens add column jkt ${text}`, `alter table clients add column dpop_bound ${integer}`]
}
