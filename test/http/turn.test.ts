import { describe, expect, test } from 'vitest'
import { createTurn } from '../../src/http/edges/turn.ts'

/** What happens from now on, in order. */
function createRecord() {
  const events: string[] = []
  const turn = createTurn()
  return {
    turn,
    events,
    async answer(name: string) {
      const end = turn.end()
      if (end !== null) await end
      events.push(name)
    },
    /** Runs when all that was planned for the end of this turn is done. */
    next: () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))),
  }
}

describe('the answers of requests that came in one turn', () => {
  test('go out together at its end', async () => {
    const { turn, events, answer, next } = createRecord()
    turn.begin()
    void answer('one')
    await Promise.resolve()
    turn.begin()
    void answer('two')
    process.nextTick(() => events.push('the turn goes on'))
    await new Promise(process.nextTick)
    expect(events).toEqual(['the turn goes on'])
    await next()
    expect(events).toEqual(['the turn goes on', 'one', 'two'])
  })

  test('do not wait for what was committed at its end', async () => {
    const { turn, events, answer, next } = createRecord()
    turn.begin()
    setImmediate(() => {
      events.push('committed')
      void answer('one')
      events.push('answered')
    })
    await next()
    expect(events).toEqual(['committed', 'one', 'answered'])
  })

  test('do not wait for those of other turns', async () => {
    const { turn, events, answer, next } = createRecord()
    turn.begin()
    await next()
    void answer('late')
    expect(events).toEqual(['late'])
    turn.begin()
    void answer('of the next turn')
    expect(events).toEqual(['late'])
    await next()
    expect(events).toEqual(['late', 'of the next turn'])
  })
})
