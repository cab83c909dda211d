// Keeps a Node process on loopback: node --require guard.js. Attempts go to the file that OUTLAY_GUARD_LOG names.
'use strict';
const net = require('net');
const dns = require('dns');
const dgram = require('dgram');
const fs = require('fs');

function isLocal(host) {
  const name = String(host ?? '').toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === '' || name === 'localhost' || name.endsWith('.localhost')
    || name === '::1' || name === '::' || name === '0.0.0.0'
    || /^127\.\d+\.\d+\.\d+$/.test(name) || /^::ffff:127\./.test(name);
}

function refuse(event, address) {
  const target = process.env.OUTLAY_GUARD_LOG;
  if (target) {
    const attempt = { at: new Date().toISOString(), pid: process.pid, program: process.argv.slice(0, 3), event, address };
    fs.appendFileSync(target, JSON.stringify(attempt) + '\n');
  }
  const error = new Error(`${event} to ${address} was stopped: this process may only talk to the machine it runs on.`);
  error.code = 'ENETUNREACH';
  return error;
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = typeof first === 'object' && first !== null
    ? (first.path ? '' : first.host)
    : (typeof first === 'number' && typeof args[1] === 'string' ? args[1] : '');
  if (!isLocal(host)) {
    process.nextTick(() => this.destroy(refuse('net.connect', host)));
    return this;
  }
  return connect.apply(this, args);
};

const lookup = dns.lookup;
dns.lookup = function (host, options, callback) {
  const done = typeof options === 'function' ? options : callback;
  if (!isLocal(host)) {
    process.nextTick(done, refuse('dns.lookup', host));
    return undefined;
  }
  return lookup.call(dns, host, options, callback);
};

const send = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (...args) {
  const host = args.slice(1).find((value) => typeof value === 'string');
  if (!isLocal(host)) {
    throw refuse('dgram.send', host);
  }
  return send.apply(this, args);
};
