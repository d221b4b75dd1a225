// What .ci/bullmq.mjs bundles.
module.exports = require('bullmq');
