/** T162, T173: who is refused many times a second does not fill the audit log, and hides nobody else there. */
import { describe, expect, test } from 'vitest'
import { createRequestAudit } from '../../src/server/request-audit.ts'
import type { AuditEvent } from '../../src/store/audit.ts'

const REFUSED: AuditEvent = {
  ...{ type: 'login', atMs: 1, tenant: 'main', actor: 'requester', user: 'u', client: 'shop', object: null },
  ...{ surface: 'standard', source: '192.0.2.1', requestId: 'r' },
  ...{ result: 'invalid_grant', reason: 'wrong_password', details: null },
}

function setUp() {
  const kept: AuditEvent[] = []
  const scheduled: (() => void)[] = []
  const audit = createRequestAudit({
    store: { noteEvent: (event) => void kept.push(event) },
    clock: () => 2,
    recordsIssues: true,
    schedule: (callback) => void scheduled.push(callback),
  })
  return {
    kept,
    audit,
    refuse(times: number, change: (index: number) => Partial<AuditEvent> = () => ({})) {
      for (let index = 0; index < times; index++) audit.refuse({ ...REFUSED, ...change(index) })
    },
    endOfSecond() {
      for (const callback of scheduled.splice(0)) callback()
    },
  }
}

const suppressed = (changed: Partial<AuditEvent>): AuditEvent => ({
  ...REFUSED,
  ...{ type: 'audit.suppress', atMs: 2, actor: 'server', user: null, client: null, object: 'login' },
  ...{ surface: null, requestId: null },
  ...changed,
})

describe('T173 events of refusals', () => {
  test('ten of a source and reason are kept in a second, and it is told how many others there were', () => {
    const { kept, refuse, endOfSecond } = setUp()
    refuse(1000)
    expect(kept).toEqual(Array(10).fill(REFUSED))
    endOfSecond()
    expect(kept.slice(10)).toEqual([suppressed({ details: '990 more' })])
    refuse(1)
    endOfSecond()
    expect(kept).toHaveLength(12)
  })

  test('a hundred of a reason are, and of further sources only the number is told', () => {
    const { kept, refuse, endOfSecond } = setUp()
    refuse(150, (index) => ({ source: `192.0.2.${index}` }))
    expect(kept).toHaveLength(100)
    endOfSecond()
    expect(kept.slice(100)).toEqual([suppressed({ source: null, details: '50 more' })])
  })

  test('the 2^64 addresses of one network are one source', () => {
    const { kept, refuse, endOfSecond } = setUp()
    refuse(20, (index) => ({ source: `2001:db8::${index}` }))
    expect(kept).toHaveLength(10)
    endOfSecond()
    expect(kept.slice(10)).toEqual([suppressed({ source: '2001:db8:0:0::/64', details: '10 more' })])
  })

  test('a flood hides nothing of other tenants, reasons and kinds', () => {
    const { kept, refuse } = setUp()
    refuse(200, (index) => ({ source: `192.0.2.${index}` }))
    const others: Partial<AuditEvent>[] = [
      { tenant: 'other' },
      { reason: 'login_blocked' },
      { type: 'refresh' },
    ]
    for (const other of others) refuse(1, () => other)
    expect(kept.slice(100)).toEqual(others.map((other) => ({ ...REFUSED, ...other })))
  })

  test('what was left out is told when the server stops', () => {
    const { kept, refuse, audit } = setUp()
    refuse(12)
    audit.flush()
    expect(kept.slice(10)).toEqual([suppressed({ details: '2 more' })])
  })
})
