/**
 * Loaded before Usher (NODE_OPTIONS=--require): ends the process as a power cut would when a step of
 * the saga has been reached. CRASH_AT is `step` or `step:n`: those who reach it wait until there are n.
 */
const { subscribe } = require('node:diagnostics_channel');

const [step, times = '1'] = (process.env.CRASH_AT ?? '').split(':');
let arrived = 0;

subscribe('usher.steps', (moment) => {
  if (moment.step !== step) return;
  arrived += 1;
  if (arrived >= Number(times)) process.kill(process.pid, 'SIGKILL');
  moment.until = new Promise(() => undefined);
});
