# SPDX-License-Identifier: Apache-2.0
"""Keys as whoever guesses would write them: a known id, any secret, and a check sum that is right."""
import zlib

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_DIGITS, SUM_DIGITS = 43, 6


def base62(number, width):
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text


def with_sum(text):
    return text + base62(zlib.crc32(text.encode()), SUM_DIGITS)


def with_other_secret(key, number):
    """`key` with another secret."""
    assert with_sum(key[:-SUM_DIGITS]) == key, "the check sum is made in another way now"
    return with_sum(key[:-SUM_DIGITS - SECRET_DIGITS] + base62(number + 1, SECRET_DIGITS))
