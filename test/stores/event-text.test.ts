import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AuditEvent } from '../../src/store/audit.ts'
import { eventsFromText, eventsToText } from '../../src/stores/audit/event-text.ts'

const word = fc.option(fc.constantFrom('a', 'b', '', '0', '"', '\u0000', '\n', 'null'))

const event = fc.record({
  type: fc.constantFrom('login', 'issue'),
  atMs: fc.constantFrom(0, 1, 1_767_225_600_000, 1_767_225_600_001, 253_402_300_800_000),
  tenant: fc.constant('acme'),
  actor: fc.constantFrom('requester', 'operator:root'),
  user: word,
  client: word,
  object: word,
  surface: fc.constantFrom('standard', null),
  source: word,
  requestId: word,
  result: fc.constantFrom('ok', 'invalid_grant'),
  reason: word,
  details: word,
}) as fc.Arbitrary<AuditEvent>

it('events are read as they were written, whatever they have in common', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      expect(eventsFromText('acme', eventsToText(events))).toEqual(events)
    }),
  )
})

it('what events have in common is written once', () => {
  const [first] = fc.sample(event, 1) as [AuditEvent]
  const events = ['1', '2', '3'].map((requestId) => ({ ...first, client: 'the-shop', requestId }))
  expect(eventsToText(events).split('the-shop')).toHaveLength(2)
})
