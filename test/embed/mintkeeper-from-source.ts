/**
 * `node --import` of this file lets programs import 'mintkeeper' from src/, without a build, and the other packages
 * from the checkout, wherever the programs are.
 */
import { registerHooks } from 'node:module'

const SOURCE = new URL('../../src/index.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'mintkeeper') return { url: SOURCE, shortCircuit: true }
    const isPackage = /^[@\w]/.test(specifier) && !/^[\w-]+:/.test(specifier)
    const isSnippet = context.parentURL?.endsWith('.mts') === true
    return next(specifier, isPackage && isSnippet ? { ...context, parentURL: SOURCE } : context)
  },
})
