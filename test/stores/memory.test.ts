import { createMemoryStore } from '../../src/stores/memory.ts'
import { describeStore } from './conformance.ts'

describeStore('memory', async (clock) => createMemoryStore({ clock }))
