// librdkafka, as Debian ships it (2.0.2). Only the Kafka target imports this module.
#ifndef HOOKFERRY_CRDKAFKA_SHIM_H
#define HOOKFERRY_CRDKAFKA_SHIM_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
// For the descriptor that rd_kafka_queue_io_event_enable writes to; Swift's Glibc leaves it out.
#include <sys/eventfd.h>
#endif
