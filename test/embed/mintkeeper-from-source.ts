/** `node --import` of this file lets programs import 'mintkeeper' from src/, without a build. */
import { registerHooks } from 'node:module'

const SOURCE = new URL('../../src/index.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'mintkeeper' ? { url: SOURCE, shortCircuit: true } : next(specifier, context),
})
