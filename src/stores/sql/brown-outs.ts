import type { AuditEvent } from '../../store/audit.ts'
import type { BrownOutRow, BrownOutStore } from '../../store/brown-outs.ts'
import { StoreConflict } from '../../store/errors.ts'
import { change, type Operation, placeHolders, record, type SqlDriver, type SqlRow } from './operation.ts'

const COLUMNS = 'tenant, id, surface, users, starts_at, ends_at, ended_at'
const LIST = `select ${COLUMNS} from brown_outs where ends_at > ? order by tenant, id`
const FORGET = 'delete from brown_outs where ends_at <= ?'
const ADD = `insert into brown_outs (${COLUMNS}) values (${placeHolders(COLUMNS)})`
const INSERT = `${ADD} on conflict (tenant, id) do nothing`
const END = `${ADD} on conflict (tenant, id) do update set ended_at = excluded.ended_at
  where brown_outs.ended_at is null`

export function sqlBrownOuts(driver: SqlDriver): BrownOutStore {
  return {
    async listBrownOuts(now) {
      return (await driver.read(LIST, [now])).map(fromColumns)
    },
    insertBrownOut: (row, now, event) => driver.write(() => insert(row, now, event)),
    endBrownOut: (row, event) => driver.write(() => end(row, event)),
  }
}

function* insert(row: BrownOutRow, now: number, event: AuditEvent | undefined): Operation<void> {
  yield* change(FORGET, now)
  const inserted = yield* change(INSERT, ...toColumns(row))
  if (inserted === 0) throw new StoreConflict('exists', 'the id of the brown-out is taken')
  yield* record(event)
}

function* end(row: BrownOutRow, event: AuditEvent | undefined): Operation<boolean> {
  const isEnded = (yield* change(END, ...toColumns(row))) > 0
  if (isEnded) yield* record(event)
  return isEnded
}

function toColumns({ tenant, id, surface, users, from, to, endedAt }: BrownOutRow) {
  return [tenant, id, surface, users === undefined ? null : JSON.stringify(users), from, to, endedAt]
}

function fromColumns([tenant, id, surface, users, from, to, endedAt]: SqlRow): BrownOutRow {
  return {
    tenant: tenant as string,
    id: id as string,
    surface: surface as BrownOutRow['surface'],
    ...(users !== null && { users: JSON.parse(users as string) as readonly string[] }),
    from: Number(from),
    to: Number(to),
    endedAt: endedAt === null ? null : Number(endedAt),
  }
}
