import { describe, expect, test } from 'vitest'
import { createCircuitBreaker, type Permit } from '../../src/server/upstream/circuit-breaker.ts'

function setUp() {
  const state = { nowMs: 1000 }
  const breaker = createCircuitBreaker({ failures: 3, pauseMs: 30_000, steadyMs: () => state.nowMs })
  const enter = (): Permit => {
    const permit = breaker.enter()
    if (permit === null) throw new Error('it is open')
    return permit
  }
  const open = () => {
    for (let time = 0; time < 3; time++) enter().failed()
  }
  return { state, breaker, enter, open }
}

describe('a circuit breaker', () => {
  test('opens after so many failures in a row, and not before', () => {
    const { breaker, enter } = setUp()
    for (const failed of [true, true, false, true, true]) {
      if (failed) enter().failed()
      else enter().succeeded()
      expect(breaker.isOpen()).toBe(false)
    }
    enter().failed()
    expect([breaker.isOpen(), breaker.enter(), breaker.waitMs()]).toEqual([true, null, 30_000])
  })

  test('lets nobody in until the pause is over, and then one', () => {
    const { state, breaker, enter, open } = setUp()
    open()
    state.nowMs += 29_999
    expect([breaker.enter(), breaker.waitMs()]).toEqual([null, 1])
    state.nowMs += 1
    expect(breaker.waitMs()).toBe(0)
    enter()
    expect([breaker.enter(), breaker.isOpen()]).toEqual([null, true])
  })

  test('closes when the trial succeeds, and starts to count anew', () => {
    const { state, breaker, enter, open } = setUp()
    open()
    state.nowMs += 30_000
    enter().succeeded()
    expect(breaker.isOpen()).toBe(false)
    enter().failed()
    enter().failed()
    expect(breaker.isOpen()).toBe(false)
    enter().failed()
    expect(breaker.isOpen()).toBe(true)
  })

  test('stays open for another pause when it fails', () => {
    const { state, breaker, enter, open } = setUp()
    open()
    state.nowMs += 40_000
    enter().failed()
    expect([breaker.isOpen(), breaker.waitMs(), breaker.enter()]).toEqual([true, 30_000, null])
  })

  test('lets another try when the trial was given up', () => {
    const { state, breaker, enter, open } = setUp()
    open()
    state.nowMs += 30_000
    enter().abandoned()
    expect(breaker.isOpen()).toBe(true)
    enter().succeeded()
    expect(breaker.isOpen()).toBe(false)
  })

  test('hears nothing of requests from before it opened or closed', () => {
    const { state, breaker, enter, open } = setUp()
    const [early, late] = [enter(), enter()]
    open()
    state.nowMs += 10_000
    early.failed()
    expect(breaker.waitMs()).toBe(20_000)
    late.succeeded()
    expect(breaker.isOpen()).toBe(true)
    state.nowMs += 20_000
    const [trial] = [enter()]
    early.abandoned()
    expect(breaker.enter()).toBeNull()
    trial.succeeded()
    for (let time = 0; time < 3; time++) early.failed()
    expect(breaker.isOpen()).toBe(false)
  })

  test('counts nothing that was given up', () => {
    const { breaker, enter } = setUp()
    for (let time = 0; time < 5; time++) enter().abandoned()
    enter().failed()
    enter().failed()
    expect(breaker.isOpen()).toBe(false)
  })
})
