// node bench/profile.ts FILE.cpuprofile [lines]: where the time of a profile went, by function and by file.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const LINES = 40;

/** Files as they are called in this project. */
function placeOf({ url }: CallFrame): string {
  if (url === '') return '(engine)';
  if (!url.startsWith('file:')) return url;
  const path = relative(process.cwd(), new URL(url).pathname);
  const modules = path.lastIndexOf('node_modules/');
  return modules < 0 ? path : path.slice(modules + 'node_modules/'.length);
}

/** Self time by a name, in microseconds, most first. */
function selfTimes(profile: CpuProfile, nameOf: (frame: CallFrame) => string): [name: string, micros: number][] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  return [...times].sort(([, a], [, b]) => b - a);
}

/** Time with callees by a name, in microseconds; a function counts once however often it is on the stack. */
function wholeTimes(profile: CpuProfile, nameOf: (frame: CallFrame) => string): [name: string, micros: number][] {
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const stack = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.add(names.get(at) ?? '?');
    for (const name of stack) times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  return [...times].sort(([, a], [, b]) => b - a);
}

function print(title: string, times: readonly (readonly [string, number])[], lines: number): void {
  const busy = times.filter(([name]) => !name.includes('(idle)') && !name.includes('(root)'));
  process.stdout.write(`${title}\n`);
  for (const [name, micros] of busy.slice(0, lines)) {
    process.stdout.write(`${((100 * micros) / busyMicros).toFixed(1).padStart(6)} %  ${name}\n`);
  }
}

const [file, lines = String(LINES)] = process.argv.slice(2);
if (file === undefined) throw new Error('Which profile?');
const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
const nameOfFunction = (frame: CallFrame): string =>
  `${frame.functionName === '' ? '(anonymous)' : frame.functionName} ${placeOf(frame)}:${frame.lineNumber + 1}`;
const selfByFunction = selfTimes(profile, nameOfFunction);
const busyMicros = selfByFunction.reduce((sum, [name, micros]) => (name.includes('(idle)') ? sum : sum + micros), 0);
process.stdout.write(`${(busyMicros / 1e6).toFixed(2)} s busy\n`);
print('functions by themselves', selfByFunction, Number(lines));
print('functions with all they call', wholeTimes(profile, nameOfFunction), Number(lines));
const nameOfFile = (frame: CallFrame): string => (frame.url === '' ? frame.functionName : placeOf(frame));
print('files by themselves', selfTimes(profile, nameOfFile), Number(lines));
