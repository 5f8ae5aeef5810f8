// What the scripts of the repository (`npm run sim`, `lab`, `bench`) do with their arguments.

/**
 * The options of a script. `--help` prints `usage` and ends the process with 0; what `read` throws for is said in one
 * line with the usage after it, and ends it with 2.
 */
export function readOptions<T>(usage: string, read: (args: string[]) => T): T {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return read(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

/** A whole number of at least `min`. @throws RangeError naming `option` for anything else */
export function wholeNumber(option: string, text: string, min = 0): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value < min)
    throw new RangeError(`${option} is a whole number of at least ${min}, and not "${text}".`);
  return value;
}

/** A number above zero. @throws RangeError naming `option` for anything else */
export function positiveNumber(option: string, text: string): number {
  const value = Number(text);
  if (!/^[0-9.]+$/.test(text) || !Number.isFinite(value) || value <= 0)
    throw new RangeError(`${option} is a number above zero, and not "${text}".`);
  return value;
}
