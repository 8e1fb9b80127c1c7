import { setFlagsFromString } from 'node:v8'

/**
 * Lets V8's young generation grow as it does by default, to be called when a server answers: bin/mintkeeper has it
 * stay small until then. The modules of a start, which outlive every collection, would make it 11 MB larger, which a
 * server that rests keeps for nothing.
 */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
