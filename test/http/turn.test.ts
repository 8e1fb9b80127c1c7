import { describe, expect, test } from 'vitest'
import { createTurn } from '../../src/http/edges/turn.ts'

/** What happens from now on, in order. */
function createRecord() {
  const events: string[] = []
  const turn = createTurn()
  return {
    turn,
    events,
    /** A request that comes now, and what it does. */
    async come(name: string, act: () => unknown = () => {}) {
      await turn.begin()
      events.push(`${name} begun`)
      await act()
      const end = turn.end()
      if (end !== null) await end
      events.push(`${name} answered`)
    },
    /** Something that takes so many microtasks. */
    async takeSome(microtasks: number) {
      for (let done = 0; done < microtasks; done++) await Promise.resolve()
    },
    /** Runs when all that was planned for the end of this turn is done. */
    next: () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))),
  }
}

describe('requests that come in one turn', () => {
  test('are begun together, and their answers go out together', async () => {
    const { events, come, takeSome, next } = createRecord()
    void come('one')
    await new Promise(process.nextTick)
    void come('two', () => takeSome(20))
    events.push('nothing more comes')
    await next()
    expect(events).toEqual([
      'nothing more comes',
      ...['one begun', 'two begun'],
      ...['one answered', 'two answered'],
    ])
  })

  test('get what was planned after them once, when each has asked, and in the same turn', async () => {
    const { turn, events, come, takeSome, next } = createRecord()
    const commit = (name: string) => turn.afterRequests(() => events.push(`commit for ${name}`))
    void come('one', () => commit('one'))
    void come('two', async () => {
      await takeSome(20)
      events.push('two asks')
      await takeSome(20)
    })
    setImmediate(() => events.push('what comes next'))
    await next()
    expect(events).toEqual([
      ...['one begun', 'two begun', 'two asks'],
      ...['one answered', 'two answered'],
      ...['commit for one', 'what comes next'],
    ])
  })

  test('are not waited for by answers that come later', async () => {
    const { turn, events, come, next } = createRecord()
    let commit = () => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    void come('one', () => {
      turn.afterRequests(() => {
        commit()
        events.push('committed')
      })
      return committed
    })
    await next()
    expect(events).toEqual(['one begun', 'committed', 'one answered'])
    void come('two')
    expect(turn.end()).toBe(null)
    await next()
    expect(events.slice(3)).toEqual(['two begun', 'two answered'])
  })
})

test('what one throws of what is planned after them is nothing to the others', async () => {
  const { turn, events, come, next } = createRecord()
  process.setUncaughtExceptionCaptureCallback((thrown) => void events.push(String(thrown)))
  try {
    void come('one', () => {
      turn.afterRequests(() => {
        throw new Error('a bug')
      })
      turn.afterRequests(() => events.push('committed'))
    })
    await next()
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
  }
  expect(events).toEqual(['one begun', 'one answered', 'Error: a bug', 'committed'])
})

test('without requests, what is planned after them comes at the end of the turn', async () => {
  const { turn, events, next } = createRecord()
  turn.afterRequests(() => events.push('one'))
  process.nextTick(() => events.push('the turn goes on'))
  await next()
  expect(events).toEqual(['the turn goes on', 'one'])
})
