// One line per check, as report.py prints them.

import { isDeepStrictEqual } from 'node:util';

export const ON = process.env.INTEROP_ON;
export const URL_ = process.env.INTEROP_URL;

const line = (mark, name, why = '') =>
  console.log(`${mark.padEnd(4)} ${ON} · ${name}${why && ': ' + why.replace(/\s+/g, ' ').slice(0, 600)}`);

export async function check(name, body) {
  try {
    await body();
    line('ok', name);
  } catch (error) {
    line('FAIL', name, error?.message || String(error));
  }
}

export function same(got, expected) {
  if (!isDeepStrictEqual(got, expected)) {
    throw new Error(`got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
  }
}
