import type { GlobalRisk } from './globals.js';

/** What each mark means for those who open the file in Python. Here no name is looked up. */
export const MARKS: Readonly<Record<GlobalRisk, string>> = {
  dangerous: 'runs commands or code, or reaches files or the network',
  code: 'the file carries code of its own, which Python runs',
  indirect: 'reaches whatever its arguments name',
  unknown: 'is of no library that learners are made of, and the file does not hold it',
};
