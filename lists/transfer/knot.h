#pragma once

// libknot, whose headers know nothing of C++. Private to lists/transfer and its tests.

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

extern "C" {
#include <libknot/codes.h>
#include <libknot/consts.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <libknot/error.h>
#include <libknot/lookup.h>
#include <libknot/packet/pkt.h>
#include <libknot/rrset-dump.h>
#include <libknot/rrset.h>
#include <libknot/rrtype/soa.h>
#include <libknot/rrtype/tsig.h>
#include <libknot/tsig-op.h>
#include <libknot/tsig.h>
}
