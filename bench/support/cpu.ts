import { readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process has used with all its threads; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** Resident memory of a process in bytes; NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(kib) * 1024;
  } catch {
    return Number.NaN;
  }
}
