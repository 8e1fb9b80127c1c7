/** Imported before a server: its clock is ahead by so many milliseconds as the variable says. */
const aheadMs = Number(process.env.CRASH_TEST_CLOCK_AHEAD_MS ?? 0)
const now = Date.now
Date.now = () => now() + aheadMs
