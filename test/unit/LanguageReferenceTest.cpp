//===- LanguageReferenceTest.cpp - docs/language.md against the frontend --===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the frontend knows by name has an entry in the language reference: a
// heading or a row of a table that begins with the name. The entry of a
// function begins with its signature, parameters in their order; what is
// missing is under "Not there yet".
//
//===----------------------------------------------------------------------===//

#include "frontend/Lexer.h"
#include "frontend/Library.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

#include <map>

using namespace hashc::frontend;
using llvm::StringRef;

namespace {

class LanguageReference : public testing::Test {
protected:
  std::unique_ptr<llvm::MemoryBuffer> page;

  void SetUp() override {
    auto file = llvm::MemoryBuffer::getFile(HASHC_LANGUAGE_REFERENCE);
    ASSERT_TRUE(file) << HASHC_LANGUAGE_REFERENCE << ": "
                      << file.getError().message();
    page = std::move(*file);
    llvm::SmallVector<StringRef> lines;
    page->getBuffer().split(lines, '\n');
    StringRef section;
    for (StringRef line : lines) {
      if (line.starts_with("## "))
        section = line.drop_front(3);
      sections[section].push_back(line);
    }
  }

  const std::vector<StringRef> &getSection(StringRef name) {
    EXPECT_TRUE(sections.count(name)) << "no section '" << name.str() << "'";
    return sections[name];
  }

  /// The row, or everything below the heading, that begins with `name`.
  std::string findEntry(StringRef section, StringRef name) {
    std::string entry;
    bool inside = false;
    for (StringRef line : getSection(section)) {
      StringRef rest = line;
      bool isHeading = rest.consume_front("### ");
      bool isRow = !isHeading && rest.consume_front("| ");
      if (isHeading)
        inside = false;
      bool begins = (isHeading || isRow) && rest.consume_front("`") &&
                    rest.consume_front(name) && !rest.empty() &&
                    !llvm::isAlnum(rest.front()) && rest.front() != '_';
      if (begins)
        inside = isHeading;
      if (begins || inside)
        entry += (line + "\n").str();
    }
    EXPECT_FALSE(entry.empty()) << "docs/language.md has no entry '"
                                << name.str() << "' in " << section.str();
    return entry;
  }

  void expectWord(StringRef text, StringRef word, StringRef where) {
    EXPECT_NE(findWord(text, word), StringRef::npos)
        << "docs/language.md does not say '" << word.str() << "' in "
        << where.str();
  }

  static size_t findWord(StringRef text, StringRef word) {
    auto isPart = [](char c) { return llvm::isAlnum(c) || c == '_'; };
    for (size_t at = text.find(word); at != StringRef::npos;
         at = text.find(word, at + 1)) {
      StringRef after = text.drop_front(at + word.size());
      if ((at == 0 || !isPart(text[at - 1])) &&
          (after.empty() || !isPart(after.front())))
        return at;
    }
    return StringRef::npos;
  }

private:
  std::map<StringRef, std::vector<StringRef>> sections;
};

StringRef getSectionOf(LibraryKind kind) {
  switch (kind) {
  case LibraryKind::layer:
    return "Layers";
  case LibraryKind::elementwise:
    return "Elementwise functions";
  case LibraryKind::integer:
  case LibraryKind::stream:
    return "Routers";
  case LibraryKind::setting:
    return "Training";
  }
  return "";
}

TEST_F(LanguageReference, HasEveryFunctionWithItsParameters) {
  std::string missing = llvm::join(getSection("Not there yet"), "\n");
  for (const LibraryFunction &function : getLibrary()) {
    if (function.missing) {
      expectWord(missing, function.name, "Not there yet");
      continue;
    }
    std::string entry = findEntry(getSectionOf(function.kind), function.name);
    // What an entry begins with is its signature, in backquotes.
    StringRef signature = StringRef(entry).split('`').second.split('`').first;
    for (const LibraryParameter &parameter : function.parameters) {
      if (parameter.missing) {
        expectWord(missing, parameter.name, "Not there yet");
        continue;
      }
      size_t at = findWord(signature, parameter.name);
      EXPECT_NE(at, StringRef::npos)
          << "docs/language.md does not say '" << parameter.name.str()
          << "' in its place in the signature of " << function.name.str();
      if (at != StringRef::npos)
        signature = signature.drop_front(at + parameter.name.size());
    }
  }
}

TEST_F(LanguageReference, HasEveryFeatureOfTheTokenStream) {
  for (StringRef feature : listFeatures())
    findEntry("Routers", feature);
}

TEST_F(LanguageReference, HasEverySetting) {
  for (StringRef setting : listSettings())
    findEntry("Training", setting);
}

TEST_F(LanguageReference, HasEveryWord) {
  for (StringRef word : listWords(Context::constant))
    expectWord(page->getBuffer(), word, "any section");
  std::string lexical = llvm::join(getSection("Lexical rules"), "\n");
  for (StringRef keyword : listKeywords())
    expectWord(lexical, keyword, "Lexical rules");
}

} // namespace
