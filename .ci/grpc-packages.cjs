// What .ci/grpc.mjs bundles; each package runs when it is first asked for.
module.exports = {
  get grpc() {
    return require('@grpc/grpc-js');
  },
  get protoLoader() {
    return require('@grpc/proto-loader');
  },
  get health() {
    return require('grpc-health-check');
  },
  get reflection() {
    return require('@grpc/reflection');
  },
};
