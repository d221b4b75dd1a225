/**
 * The rules of docs/STYLE.md that a pattern can find, each with what to write instead. `starts`
 * means that the pattern is matched at the beginning of sentences only.
 */
export const HOUSE = [
  {
    name: 'is-no',
    pattern:
      /(?<!\bthere )\b(?:is|are|was|were|be|being|been) no (?!longer\b|more than\b|less than\b|fewer than\b|different\b|better\b|worse\b|\w+er than\b)/gi,
    say: 'write "is not a …": "X is not valid JSON", not "X is no JSON"',
  },
  {
    name: 'there-is-no-that',
    pattern:
      /\bthere (?:is|are|was|were) (?:no|nothing|nobody|none)\b[^.,;:]{0,50}? (?:that|which|who|whose)\b/gi,
    say: 'say it directly: "No file at X", not "There is no file that is at X"',
  },
  {
    name: 'in-hand',
    pattern: /\b(?:in|at) hand\b/gi,
    say: 'write "in progress", "available" or "given"',
  },
  {
    name: 'old-words',
    pattern:
      /\b(?:anew|afresh|whence|whither|thereof|thereby|therein|thereupon|therewith|wherein|whereby|whereof|whereupon|hereby|herein|hitherto|henceforth|forthwith|for ever|lest|nought|aught|unto|upon|shall|ought|whosoever|save for|oneself|one’s|one's)\b/gi,
    say: 'use the ordinary word: "again", "forever", "so that … not", "must", "on"',
  },
  {
    name: 'no-more',
    pattern:
      /\b(?:(?:takes?|gets?|gives?|holds?|accepts?|has|have) no (?:more(?! than)|other|such|further)|(?:knows?|wants?|tells?|says?|sees?) no \w+)\b/gi,
    say: 'negate the verb: "does not accept more", not "takes no more"',
  },
  {
    name: 'is-to',
    pattern:
      /\b(?:is|are|was|were) to (?:be|have|do|stand|go|come|hold|take|know|see|get|give|say|run|end|keep|stay|become)\b/gi,
    say: 'write "must" or "should"',
  },
  {
    name: 'nothing-of',
    pattern: /\bnothing of (?:the|a|an|it|its|their|this|that|what)\b/gi,
    say: 'negate the verb, or write "no part of"',
  },
  {
    name: 'verb-of',
    pattern:
      /\b(?:wanted|asked|expected|known|told|said|needed|meant|seen|read|asks|knows|wants|tells|says|expects) of (?!course\b)/gi,
    say: 'write "about", "from" or "requires": "known about", not "known of"',
  },
  {
    name: 'as-it-has-it',
    pattern: /\bas [\w.’'`]+(?: [\w.’'`]+)? (?:has|have) (?:it|them)\b/gi,
    say: 'write "as in X", or "X does the same"',
  },
  {
    name: 'is-there',
    pattern: /\b(?:that|which|who|where|what) (?:is|are|was|were) there\b(?! (?:a|an|no|to)\b)/gi,
    say: 'write "existing", "present" or "available"',
  },
  { name: 'but-for', pattern: /\bbut for\b/gi, say: 'write "except for"' },
  {
    name: 'stands',
    pattern:
      /\b(?:stand|stands|stood) (?:at|in|there|once|beside|behind|before|after|alone|where|on|under|above|below|near)\b/gi,
    say: 'things "are" somewhere; only people stand',
  },
  {
    name: 'inversion',
    pattern:
      /^(?:(?:So|Such|Nor|Never|Nowhere|Thus) (?:is|are|was|were|do|does|did|has|have|can|will|must)\b|Only (?:then|where|when|here|there|so)\b[^,.]*,? (?:is|are|was|were|do|does|did|has|have|can|will|may|must) |(?!There|Here|This|That|These|Those|Need|Speed|Shared|Embed)[A-Z]\w+(?:ed|en) (?:is|are|was|were) (?!in\b)|Of (?:these|those|them|it|each|which|all|both|two|several)\b|Not so\b)/g,
    say: 'the subject comes first, then the verb',
  },
  {
    name: 'what-first',
    pattern: /^(?:What|Whatever|Whose|Whoever|Who|Which|Whichever) (?![^.]*\?)/g,
    say: 'begin with a noun: "The shape of the output", not "What comes out"',
  },
  {
    name: 'what-inside',
    pattern:
      /(?<=[,;:] )what [^.,;:?]{1,60} (?:is|are|was|were|has|have|gives?|goes|stays?|comes?|gets?|makes?|fails?|costs?|needs?|counts?) /gi,
    say: 'name the thing: "a shared file is read once", not "what is shared is read once"',
  },
];

/** Words of one sentence that open a clause: more of them than this are a chain. */
export const CLAUSES = { pattern: /\b(?:that|which|who|whose|whom|what)\b/gi, most: 4 };
export const WHOSE = { pattern: /\bwhose\b/gi, most: 1 };
export const WORDS = 35;
