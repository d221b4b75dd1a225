/** What stays as it is: where, a part of the finding, and why. */
export const EXCEPTIONS = [
  [/^docs\/STYLE\.md:/, '', 'shows what not to write'],
  [/^\.ci\/prose\//, '', 'has the words that it looks for'],
  [/^CHANGELOG\.md:/, '', 'is made from the messages of commits'],
  [/^docs\/coverage\.md:/, 'what-first', 'begins a sentence with the title of a page'],
  [/^lib\/learner\/fastai\/entry\/series-names\.ts:/, 'long', 'is a list of names'],
  [/^lib\/learner\/python\/modules\/typing\.ts:/, 'long', 'is a list of names'],
  [/^test\/contract\.e2e-spec\.ts:/, 'is repeated', 'has two placeholders of a title'],
  [/^lib\/nest\/(?:playground\/page|served-model)\//, 'what-first', 'is a title of a picture'],
  [/^lib\/cli\/batch\/where\/parse-where\.ts:/, 'is repeated', 'lists AND and OR of the grammar'],
  [/^lib\/cli\/inspect\/next-command\.ts:/, 'upon', 'is how stories begin'],
  [/^lib\/learner\/python\/classes\.ts:/, 'is-no', 'is a message of Python'],
  [/^docs\/errors\.md:/, '', 'repeats the source, where the rules apply'],
];
